"""Memory that workflows may use is given out like cores, against what workers offer."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Script, WorkEvent, workflow

GIB = 1 << 30
SPEC = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), workers=2)
"""Two managers that do not know what the other gave out, two workers with 8 GiB each."""


class Books:
    """Memory that runs on each worker, and the most that ever did."""

    def __init__(self, cluster: SimCluster) -> None:
        self.running: dict[str, tuple[str, int]] = {}
        self.most: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        cluster.work_watchers.append(self._worked)

    def _worked(self, event: WorkEvent) -> None:
        if event.kind == "started":
            self.running[event.dispatch_id] = (event.node, self.sizes[event.workflow])
        elif event.kind not in ("accepted", "progressed"):
            self.running.pop(event.dispatch_id, None)
        for node in {where for where, _ in self.running.values()}:
            used = sum(size for where, size in self.running.values() if where == node)
            self.most[node] = max(self.most.get(node, 0), used)


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(seed=3, spec=SPEC) as made:
        made.start()
        yield made


def test_two_managers_together_never_promise_more_than_a_worker_has(cluster: SimCluster) -> None:
    """GM 28.1a, MW 10.2: eight jobs of 3 GiB workflows, whichever manager has them."""
    books = Books(cluster)
    books.sizes = {f"w{index}": 3 * GIB for index in range(4)}
    jobs = [
        Job(
            name=f"job-{number}",
            workflows=tuple(
                workflow(name, Script(seconds=1.0), memory_bytes=size)
                for name, size in books.sizes.items()
            ),
        )
        for number in range(8)
    ]
    submissions = [cluster.submit(job) for job in jobs]
    cluster.run_for(60.0)
    assert [s.state for s in submissions] == ["completed"] * len(jobs)
    assert books.most
    assert max(books.most.values()) == 6 * GIB


def test_more_memory_than_any_worker_has_is_refused_by_name(cluster: SimCluster) -> None:
    greedy = workflow("greedy", Script(), memory_bytes=9 * GIB)
    submission = cluster.submit(Job(name="greedy", workflows=(greedy,)))
    cluster.run_for(45.0)
    assert submission.state == "failed"
    assert submission.result is not None
    assert "9663676416 bytes" in str(submission.result)


def test_a_large_workflow_is_not_starved_by_small_ones(cluster: SimCluster) -> None:
    small = tuple(
        workflow(f"small{index}", Script(seconds=1.0), memory_bytes=2 * GIB) for index in range(120)
    )
    many = cluster.submit(Job(name="many", workflows=small))
    cluster.run_for(2.0)
    large = workflow("large", Script(seconds=1.0), memory_bytes=8 * GIB)
    submission = cluster.submit(Job(name="large", workflows=(large,)))
    cluster.run_for(12.0)
    assert submission.state == "completed"
    assert many.state != "completed"
