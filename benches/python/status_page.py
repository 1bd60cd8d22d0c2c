"""What a page costs over 50 workers and 1,000 jobs: `python -m benches.python.status_page`.

The cluster runs under virtual time; the pages are rendered over its gate by this process, and
processor time is counted, so that other work on the machine does not matter.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from distributed.messages.job import Job, Placement
from distributed.testing.cluster import SimCluster, SimProcess
from distributed.testing.cluster_spec import ClusterSpec
from distributed.testing.simulated_work import Script, workflow
from distributed.types import Role
from distributed.web.building import site_of_node
from distributed.web.live import Topic, event
from distributed.web.pages import PAGES
from distributed.web.site import Site

WORKERS, JOBS, TIMES = 50, 1000, 20
SPEC = ClusterSpec(
    gates=1,
    datacenters=("north", "south"),
    managers=1,
    workers=WORKERS // 2,
    clients=1,
    gate=msgspec.structs.replace(ClusterSpec().gate, max_open_jobs=JOBS),
)


@contextmanager
def crowded() -> Iterator[tuple[SimCluster, SimProcess]]:
    """A cluster of 50 workers that was given 1,000 jobs, and its gate."""
    with SimCluster(7, SPEC) as cluster:
        cluster.start()
        for number in range(JOBS):
            cluster.submit(_job(number))
            if number % 50 == 49:
                cluster.run_for(0.5)
        cluster.run_for(3.0)
        gate = cluster["g1"]
        print(f"{WORKERS} workers, {JOBS} jobs submitted, {len(gate.node.state.records)} open")
        yield cluster, gate


def main() -> None:
    """Print milliseconds of processor time and bytes for each page."""
    with crowded() as (cluster, gate):
        life = gate.life
        site = site_of_node(
            Role.GATE,
            gate.node,
            membership=life.membership,
            clock=life.clock,
            supervisor=life.supervisor,
        )
        job = next(iter(gate.node.state.records), "")
        began = time.thread_time()
        for _ in range(TIMES):
            site.recorder.sample()
        print(f"one sample a second: {_ms(time.thread_time() - began) / TIMES:.2f} ms")
        for page in PAGES.values():
            query = (("job", job),) if page.name == "job" else ()
            _measure(cluster, site, Topic(page.name, query))


def _measure(cluster: SimCluster, site: Site, topic: Topic) -> None:
    costs, size = [], 0
    for _ in range(TIMES):
        before = time.thread_time()
        fragment = cluster.run(site.fragment(PAGES[topic.page], dict(topic.query), ""))
        size = len(event(fragment))
        costs.append(time.thread_time() - before)
    median, worst = _ms(statistics.median(costs)), _ms(max(costs))
    print(f"{topic.page:12} {median:8.2f} ms  worst {worst:8.2f} ms  {size:8,} bytes")


def _job(number: int) -> Job:
    return Job(
        name=f"job-{number % 20}",
        workflows=(
            workflow("load", Script(seconds=2.0 + number % 7, steps=3, reports=2)),
            workflow("sum", Script(seconds=1.0), after=("load",)),
        ),
        placement=Placement(count=1),
    )


def _ms(seconds: float) -> float:
    return seconds * 1000


if __name__ == "__main__":
    main()
