"""Attempts are counted over the life of a job, whoever takes it over (GM 41.8, DESIGN 6)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Script, WorkEvent, workflow
from distributed.testing.submissions import Submission

SPEC = msgspec.structs.replace(SMALL, datacenters=("north",), workers=4)
CRASHING = workflow("a", Script(seconds=3.0, crash_attempts=99), attempts=3)


class Watched:
    """A cluster, and the attempts that really began in it."""

    def __init__(self, cluster: SimCluster) -> None:
        self.cluster = cluster
        self.began: list[int] = []
        cluster.work_watchers.append(self._worked)

    def _worked(self, event: WorkEvent) -> None:
        if event.kind == "started":
            self.began.append(event.attempt)

    def until_attempt(self, attempt: int) -> None:
        """Run until that attempt has begun, and a moment longer so that everybody heard."""
        for _ in range(100):
            if attempt in self.began:
                self.cluster.run_for(1.0)
                return
            self.cluster.run_for(0.1)
        raise AssertionError(f"attempt {attempt} did not begin; {self.began} did")

    def holders(self, prefix: str) -> list[str]:
        """Names of the processes of that kind that hold a job."""
        return [
            name
            for name, process in self.cluster.processes.items()
            if prefix in name and process.up and process.node.state.records
        ]


@pytest.fixture
def watched() -> Iterator[Watched]:
    with SimCluster(seed=11, spec=SPEC) as cluster:
        cluster.start()
        yield Watched(cluster)


def submitted(watched: Watched, job: Job) -> Submission:
    submission = watched.cluster.submit(job)
    watched.cluster.run_for(0.5)
    assert submission.accepted
    return submission


@pytest.mark.parametrize("dies", [("north-m",), ("g",), ("g", "north-m")])
def test_a_takeover_does_not_give_a_workflow_new_attempts(
    watched: Watched, dies: tuple[str, ...]
) -> None:
    submission = submitted(watched, Job(name="crashing", workflows=(CRASHING,)))
    watched.until_attempt(2)
    for prefix in dies:
        for name in watched.holders(prefix):
            watched.cluster[name].kill()
    watched.cluster.run_for(60.0)
    assert submission.state == "failed"
    assert max(watched.began) == 3
    assert watched.began.count(1) == 1


def test_a_takeover_does_not_renew_the_budget_of_the_job(watched: Watched) -> None:
    job = Job(name="crashing", workflows=(CRASHING,), retry_budget=1)
    submission = submitted(watched, job)
    watched.until_attempt(2)
    for name in watched.holders("north-m"):
        watched.cluster[name].kill()
    watched.cluster.run_for(60.0)
    assert submission.state == "failed"
    assert max(watched.began) == 2
