"""A job's deadline counts from its acceptance, whoever owns it meanwhile, or nobody."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import EXPECTED_ERRORS
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission
from distributed.types import Role

SPEC = msgspec.structs.replace(SMALL, datacenters=("north",), managers=1, workers=1)
DEADLINE_SECONDS = 20.0
STEPS = (workflow("quick", Script(seconds=1.0)), workflow("long", Script(seconds=60.0)))
JOB = Job(name="late", workflows=STEPS, deadline_seconds=DEADLINE_SECONDS)


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(3, SPEC) as made:
        made.log.expect(EXPECTED_ERRORS)
        made.start()
        made.run_for(2.0)
        yield made


def owners(cluster: SimCluster) -> list[str]:
    return [p.name for p in cluster.of_role(Role.GATE) if p.up and p.node.state.records]


def ended_late(job: Submission) -> float:
    """By how much the job ended after its deadline; it timed out and kept what there was."""
    assert job.state == "timed_out"
    assert job.result is not None
    assert [(r.workflow, r.state) for r in job.result.workflows if r.state == "completed"] == [
        ("quick", "completed")
    ]
    assert f"deadline of {DEADLINE_SECONDS:g} s" in job.result.reason
    return job.result.elapsed_seconds - DEADLINE_SECONDS


def test_a_deadline_counts_on_through_a_takeover(cluster: SimCluster) -> None:
    """GM 11.2c: and the job is timed out, not failed by a datacenter that was quicker to say so."""
    job = cluster.submit(JOB)
    cluster.run_for(3.0)
    (owner,) = owners(cluster)
    cluster[owner].kill()
    cluster.run_for(10.0)
    assert owners(cluster) == [name for name in ("g1", "g2") if name != owner]
    cluster.run_for(DEADLINE_SECONDS)
    assert 0.0 <= ended_late(job) < 1.0


def test_a_job_that_no_gate_adopted_in_time_ends_with_the_first_that_is_back(
    cluster: SimCluster,
) -> None:
    """GM 13.4d: nobody to take it over, and still one answer; nothing runs on for it."""
    job = cluster.submit(JOB)
    cluster.run_for(3.0)
    for gate in cluster.of_role(Role.GATE):
        gate.kill()
    cluster.run_for(2 * DEADLINE_SECONDS)
    worker = cluster["north-w1"].node.state
    assert worker.executor.free_slots == SPEC.cores, "its datacenter keeps the deadline too"
    cluster["g2"].start()
    cluster.run_for(30.0)
    assert ended_late(job) > DEADLINE_SECONDS
    assert owners(cluster) == []
    assert not worker.records
    assert not cluster["north-m1"].node.state.records
