"""Ray: a local node with two cores."""

from __future__ import annotations

import ray
from measured import measure


@ray.remote
def nothing() -> None:
    return None


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    measure(
        "ray",
        lambda: ray.get(nothing.remote()),
        lambda count: ray.get([nothing.remote() for _ in range(count)]),
    )
    ray.shutdown()
