"""Dask distributed: a scheduler and two worker processes of one thread."""

from __future__ import annotations

from measured import measure

from distributed import Client, LocalCluster


def nothing(_: int = 0) -> None:
    return None


if __name__ == "__main__":
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        measure(
            "dask",
            lambda: client.submit(nothing, pure=False).result(),
            lambda count: client.gather(client.map(nothing, range(count), pure=False)),
        )
