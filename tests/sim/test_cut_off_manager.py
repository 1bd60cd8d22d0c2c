"""A manager that was cut off and replaced starts nothing more (GM 37.1, MW 13.1, 52.3)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Script, WorkEvent, workflow
from distributed.testing.submissions import Submission

SPEC = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), workers=2, cores=1)
OUTSIDE = ("g1", "c1")
SECONDS = 6.0


class Starts:
    """Which manager's command began which workflow, by fence and in order."""

    def __init__(self, cluster: SimCluster) -> None:
        self.seen: list[tuple[float, str, int]] = []
        cluster.work_watchers.append(self._worked)

    def _worked(self, event: WorkEvent) -> None:
        if event.kind == "started":
            self.seen.append((event.at, event.workflow, event.epoch))


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(seed=21, spec=SPEC) as made:
        made.start()
        yield made


def submitted(cluster: SimCluster, workflows: int) -> Submission:
    """A job with far more work than cores."""
    names = [f"w{index}" for index in range(workflows)]
    job = Job(name="long", workflows=tuple(workflow(n, Script(seconds=SECONDS)) for n in names))
    submission = cluster.submit(job)
    for _ in range(100):
        cluster.run_for(0.1)
        if holders(cluster):
            break
    return submission


def holders(cluster: SimCluster) -> list[str]:
    """Managers that have a job."""
    managers = [name for name in cluster.processes if name.startswith("north-m")]
    return [name for name in managers if cluster[name].node.state.records]


def manager_of_the_job(cluster: SimCluster) -> str:
    """The manager that has it; there is one."""
    (name,) = holders(cluster)
    return name


def cut_off_from_gates(cluster: SimCluster, manager: str) -> list[tuple[str, str]]:
    """It sees its workers and the other manager, and no gate."""
    pairs = [p for other in OUTSIDE for p in ((manager, other), (other, manager))]
    cluster.network.cut(pairs)
    return pairs


def test_what_ended_meanwhile_is_not_begun_again_by_one_that_was_cut_off(
    cluster: SimCluster,
) -> None:
    """MW 33.2a-b."""
    starts = Starts(cluster)
    submission = submitted(cluster, 6)
    former = manager_of_the_job(cluster)
    pairs = cut_off_from_gates(cluster, former)
    cluster.run_for(60.0)
    assert submission.state == "completed"
    ended_at = cluster.loop.time()
    cluster.run_for(60.0)
    cluster.network.mend(pairs)
    cluster.run_for(60.0)
    late = [start for start in starts.seen if start[0] > ended_at]
    assert late == []
    assert not cluster[former].node.state.records


def test_one_that_is_back_hears_that_another_has_the_job(cluster: SimCluster) -> None:
    """MW 15.1d, 15.3a-b, 33.2c-d."""
    submission = submitted(cluster, 12)
    former = manager_of_the_job(cluster)
    pairs = cut_off_from_gates(cluster, former)
    cluster.run_for(12.0)
    assert cluster[former].node.state.records
    cluster.network.mend(pairs)
    cluster.run_for(8.0)
    assert not cluster[former].node.state.records
    assert submission.result is None
    cluster.run_for(60.0)
    assert submission.state == "completed"


def test_one_whose_gate_is_silent_starts_nothing_until_it_answers(cluster: SimCluster) -> None:
    """MW 15.1a-c, 15.2c: with nobody to take over, work waits for the gate, and goes on."""
    other = {"north-m1", "north-m2"}
    starts = Starts(cluster)
    submission = submitted(cluster, 8)
    former = manager_of_the_job(cluster)
    (spare,) = other - {former}
    cluster[spare].kill()
    pairs = cut_off_from_gates(cluster, former)
    cluster.run_for(14.0)
    silent_from = cluster.loop.time()
    cluster.run_for(10.0)
    assert all(at < silent_from for at, _, _ in starts.seen)
    cluster.network.mend(pairs)
    cluster.run_for(60.0)
    assert submission.state == "completed"
