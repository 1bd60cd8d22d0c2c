"""How soon a dead gate's jobs move again: detection, and one second (GM 13.2, 30.1b)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.membership_oracle import TICK_SECONDS
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission

SPEC = msgspec.structs.replace(SMALL, gates=3, workers=4)
JOBS = 8
AFTER_DETECTION_SECONDS = 1.0
HEARD_SECONDS = 0.5


@pytest.fixture(params=[1, 2])
def cluster(request: pytest.FixtureRequest) -> Iterator[SimCluster]:
    with SimCluster(seed=request.param, spec=SPEC) as made:
        made.start()
        made.run_for(2.0)
        yield made


def steady(cluster: SimCluster) -> list[Submission]:
    """Jobs of many short steps, all of them under way."""
    steps = [f"s{index}" for index in range(30)]
    job = Job(
        name="steady",
        workflows=tuple(
            workflow(name, Script(seconds=0.5), after=(steps[index - 1],) if index else ())
            for index, name in enumerate(steps)
        ),
    )
    submissions = [cluster.submit(job) for _ in range(JOBS)]
    cluster.run_for(4.0)
    assert all(submission.accepted for submission in submissions)
    return submissions


def owned_by(cluster: SimCluster, gate: str) -> list[str]:
    """Open jobs of a gate, as the ledger has it."""
    rows = cluster.database.query(f"SELECT job_id FROM leases WHERE owner = '{gate}'")
    return sorted(str(job_id) for (job_id,) in rows)


def recorded(cluster: SimCluster, job_id: str) -> int:
    """Results of the job in the ledger."""
    query = f"SELECT COUNT(*) FROM results WHERE job_id = '{job_id}'"
    ((count,),) = cluster.database.query(query)
    return int(count)


def holds_alive(cluster: SimCluster, observer: str, subject: str) -> bool:
    """Whether a gate believes that another one lives."""
    membership = cluster[observer].life.membership
    assert membership is not None
    member = membership.member(subject)
    return member is not None and member.is_alive


def until_detected(cluster: SimCluster, dead: str) -> None:
    """Run until every other gate holds it dead."""
    others = [name for name in ("g1", "g2", "g3") if name != dead]
    for _ in range(200):
        cluster.run_for(0.1)
        if not any(holds_alive(cluster, name, dead) for name in others):
            return
    raise AssertionError(f"nobody noticed that {dead} died")


@pytest.mark.parametrize("power_off", [False, True])
def test_its_jobs_make_progress_a_second_after_it_was_detected(
    cluster: SimCluster, *, power_off: bool
) -> None:
    steady(cluster)
    dead = next(name for name in ("g1", "g2", "g3") if owned_by(cluster, name))
    cluster[dead].kill(power_off=power_off)
    jobs = owned_by(cluster, dead)
    assert jobs
    before = {job_id: recorded(cluster, job_id) for job_id in jobs}
    until_detected(cluster, dead)
    cluster.run_for(AFTER_DETECTION_SECONDS + TICK_SECONDS)
    assert owned_by(cluster, dead) == []
    still = [job_id for job_id in jobs if recorded(cluster, job_id) <= before[job_id]]
    assert still == []


def test_its_watchers_hear_of_the_heir_when_their_jobs_move(cluster: SimCluster) -> None:
    """A client that lost its gate waits at another one for the job's next owner."""
    submissions = steady(cluster)
    dead = next(name for name in ("g1", "g2", "g3") if owned_by(cluster, name))
    cluster[dead].kill()
    jobs = owned_by(cluster, dead)
    until_detected(cluster, dead)
    cluster.run_for(HEARD_SECONDS)
    heard = {
        submission.job_id
        for submission in submissions
        if any(update.kind == "takeover" for update in submission.updates)
    }
    assert set(jobs) <= heard


def test_every_job_of_a_dead_gate_ends_with_all_its_steps(cluster: SimCluster) -> None:
    submissions = steady(cluster)
    dead = next(name for name in ("g1", "g2", "g3") if owned_by(cluster, name))
    cluster[dead].kill()
    cluster.run_for(40.0)
    assert [submission.state for submission in submissions] == ["completed"] * JOBS
