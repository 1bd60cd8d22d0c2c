"""Deadlines, timeouts and restarts that meet each other: each ends in one way, and says which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.message_rules import MessageRule
from distributed.testing.simulated_work import Script, WorkEvent, workflow
from distributed.testing.submissions import Submission
from distributed.types import Role

SPEC = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), managers=1, cores=2)


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(seed=52, spec=SPEC) as made:
        made.start()
        made.run_for(4.0)
        yield made


def states(job: Submission) -> dict[str, str]:
    """How each workflow of an ended job ended, or that it is missing."""
    assert job.result is not None
    return {result.workflow: result.state for result in job.result.workflows}


def events_of(cluster: SimCluster) -> list[WorkEvent]:
    """All that executors do from now on."""
    seen: list[WorkEvent] = []
    cluster.work_watchers.append(seen.append)
    return seen


def stored(cluster: SimCluster, job: Submission) -> str:
    """The state of a job as the ledger has it."""
    ((state,),) = cluster.database.query(f"SELECT state FROM jobs WHERE job_id = '{job.job_id}'")
    return str(state)


def test_what_ends_beside_its_deadline_ends_once_and_alike_for_everybody(
    cluster: SimCluster,
) -> None:
    """MW 31.1a-d: just in time or just late, and no other job hears of it."""
    jobs = []
    for offset in range(-6, 7):
        script = Script(seconds=3.0 + offset * 0.01)
        only = (workflow("only", script),)
        jobs.append(cluster.submit(Job(name="close", workflows=only, deadline_seconds=3.03)))
        cluster.run_for(3.2)
    cluster.run_for(10.0)
    ends = Counter(job.state for job in jobs)
    assert set(ends) == {"completed", "timed_out"}
    for job in jobs:
        assert stored(cluster, job) == job.state
        finals = [update for update in job.updates if update.kind == "state"]
        assert [u.state for u in finals if u.state in ends] == [job.state]


@pytest.mark.parametrize("offset", [-0.02, -0.005, 0.0, 0.005, 0.02])
def test_a_cancellation_at_the_instant_of_the_deadline_ends_the_job_once(
    cluster: SimCluster, offset: float
) -> None:
    """MW 41.19e, 44.6: whichever the owner ordered first holds, and nothing hangs."""
    events = events_of(cluster)
    job = cluster.submit(
        Job(name="both", workflows=(workflow("a", Script(seconds=30)),), deadline_seconds=3.0)
    )
    cluster.loop.call_later(3.0 + offset, job.cancel)
    cluster.run_for(15.0)
    assert job.state in ("cancelled", "timed_out")
    assert stored(cluster, job) == job.state
    assert [event.kind for event in events] == ["accepted", "started", "cancelled"]
    assert all(not process.node.state.records for process in cluster.of_role(Role.MANAGER))


def test_an_attempt_that_proves_progress_is_given_time_and_ends_when_it_is_done(
    cluster: SimCluster,
) -> None:
    """MW 49.2, 31.2a-b, 19.1a-c: the rest of what was granted holds nothing up."""
    steady = workflow("steady", Script(seconds=5.0, steps=50), timeout_seconds=2.0)
    job = cluster.submit(Job(name="extended", workflows=(steady,)))
    cluster.run_for(7.0)
    assert states(job) == {"steady": "completed"}
    for process in (*cluster.of_role(Role.MANAGER), *cluster.of_role(Role.GATE)):
        assert not process.node.state.records


def test_time_that_nobody_can_grant_is_not_taken(cluster: SimCluster) -> None:
    """MW 31.2d, 41.22e: cut off from its gate an attempt ends at its limit, and says why."""
    steady = workflow("steady", Script(seconds=60.0, steps=600), timeout_seconds=4.0)
    job = cluster.submit(Job(name="cut off", workflows=(steady,)))
    cluster.run_for(1.0)
    cluster.network.rules.add(MessageRule("ExtendTimeout", target="g1", drop=True))
    events = events_of(cluster)
    cluster.run_for(14.0)
    assert [event.kind for event in events] == ["cancelled"]
    assert job.state == "failed"
    assert job.result is not None
    (result,) = job.result.workflows
    assert result.state == "timed_out"
    assert "timed out after 4 s: no extension" in result.error


def test_two_that_crash_together_share_one_budget_and_hold_nobody_up(
    cluster: SimCluster,
) -> None:
    """MW 49.3, 41.8a, 45.3, 60.2, 20.3a-c: tried again, marked as lost, then failed for good."""
    events = events_of(cluster)
    bad = Script(seconds=0.3, crash_attempts=99)
    crashing = tuple(workflow(name, bad, attempts=9) for name in ("a", "b"))
    job = cluster.submit(Job(name="crashing", workflows=crashing, retry_budget=3))
    others = [
        cluster.submit(Job(name="new", workflows=(workflow("n", Script(seconds=0.3)),)))
        for _ in range(6)
    ]
    cluster.run_for(10.0)
    assert job.state == "failed"
    ran = Counter(e.workflow for e in events if e.job_id == job.job_id and e.kind == "started")
    assert sum(ran.values()) == 2 + 3
    assert {other.state for other in others} == {"completed"}


def test_failures_losses_and_successes_are_counted_apart(cluster: SimCluster) -> None:
    """MW 34.1c-d, 34.3a, 34.3c-d, 34.2d: a raised error is no retry, a lost attempt is one."""
    job = cluster.submit(
        Job(
            name="mixed",
            workflows=(
                workflow("good", Script(seconds=1.0)),
                workflow("raises", Script(seconds=0.5, fail_attempts=1), attempts=3),
                workflow("crashes", Script(seconds=0.5, crash_attempts=1), attempts=3),
                workflow("late", Script(seconds=9.0), timeout_seconds=1.0),
            ),
        )
    )
    cluster.run_for(8.0)
    assert states(job) == {
        "good": "completed",
        "raises": "failed",
        "crashes": "completed",
        "late": "timed_out",
    }
    assert job.result is not None
    by_name = {result.workflow: result for result in job.result.workflows}
    assert {name: result.attempt for name, result in by_name.items()} == {
        "good": 1,
        "raises": 1,
        "crashes": 2,
        "late": 1,
    }
    assert by_name["good"].run_seconds == pytest.approx(1.0, abs=0.1)
    assert by_name["late"].run_seconds == pytest.approx(1.0, abs=0.1)


def test_what_runs_at_once_rises_and_falls_as_clients_see_it(cluster: SimCluster) -> None:
    """MW 34.2a-c, 36.1a-d: the numbers go up with the load and back to nothing."""
    loads = [workflow(f"w{n}", Script(seconds=1.0 + 0.5 * n, steps=40)) for n in range(6)]
    job = cluster.submit(Job(name="ramp", workflows=tuple(loads)))
    cluster.run_for(8.0)
    seen = [
        (progress.running, progress.done)
        for update in job.updates
        for progress in update.datacenters
    ]
    assert max(running for running, _ in seen) == 6
    assert [done for _, done in seen] == sorted(done for _, done in seen)
    after_peak = [running for running, done in seen if done]
    assert after_peak == sorted(after_peak, reverse=True)
    assert job.state == "completed"
