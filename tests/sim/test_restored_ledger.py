"""An older backup of the ledger is put back under a cluster whose managers and workers went on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission
from distributed.types import Role

SPEC = msgspec.structs.replace(
    SMALL, gates=3, gate=msgspec.structs.replace(SMALL.gate, retention_seconds=1000.0)
)


@pytest.fixture(params=[1, 2, 3])
def cluster(request: pytest.FixtureRequest) -> Iterator[SimCluster]:
    with SimCluster(seed=request.param, spec=SPEC) as made:
        made.start()
        made.run_for(2.0)
        yield made


def one(name: str, seconds: float) -> Job:
    return Job(name=name, workflows=(workflow("w", Script(seconds=seconds)),))


def back_up(cluster: SimCluster) -> sqlite3.Connection:
    """What `.backup` does."""
    copy = sqlite3.connect(":memory:")
    cluster.run(cluster.database.engine.read(lambda c: _raw(c).backup(copy)))
    return copy


def restore(cluster: SimCluster, copy: sqlite3.Connection) -> None:
    """Stop the gates, put the copy in place, start them."""
    for gate in cluster.of_role(Role.GATE):
        gate.kill()
    cluster.run(cluster.database.engine.read(lambda c: copy.backup(_raw(c))))
    for gate in cluster.of_role(Role.GATE):
        gate.start()


def _raw(connection: object) -> sqlite3.Connection:
    raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[attr-defined]
    return raw


def epoch(cluster: SimCluster, job: Submission) -> int:
    """The job's epoch, as the ledger has it."""
    ((held,),) = cluster.database.query(f"SELECT epoch FROM jobs WHERE job_id = '{job.job_id}'")
    return int(held)


def states(cluster: SimCluster) -> dict[str, str]:
    """Every job that the ledger knows, by name."""
    return dict(cluster.database.query("SELECT name, state FROM jobs"))


def move(cluster: SimCluster, job: Submission) -> None:
    """Kill the job's owner, wait for the next one, and start the killed gate again."""
    before = epoch(cluster, job)
    owner = next(p for p in cluster.of_role(Role.GATE) if job.job_id in p.node.state.records)
    owner.kill()
    for _ in range(60):
        cluster.run_for(1.0)
        if epoch(cluster, job) > before:
            break
    assert epoch(cluster, job) > before
    owner.start()
    cluster.run_for(3.0)


def fences(cluster: SimCluster, job: Submission) -> list[int]:
    """The highest epoch of the job that each manager has obeyed."""
    managers = (process.node.state for process in cluster.of_role(Role.MANAGER))
    return [m.records[job.job_id].epoch for m in managers if job.job_id in m.records]


def test_every_job_of_the_backup_ends_and_what_runs_is_not_started_twice(
    cluster: SimCluster,
) -> None:
    """Managers obey nobody under a lower epoch: the ledger's rises until they do."""
    long, short = cluster.submit(one("long", 80.0)), cluster.submit(one("short", 4.0))
    cluster.run_for(2.0)
    copy = back_up(cluster)
    move(cluster, long)
    move(cluster, long)
    assert short.state == "completed"
    (obeyed,) = fences(cluster, long)
    restore(cluster, copy)
    assert epoch(cluster, long) < obeyed
    assert states(cluster)["short"] != "completed"
    cluster.run_for(20.0)
    assert epoch(cluster, long) >= obeyed
    assert fences(cluster, long) == [epoch(cluster, long)]
    cluster.run_for(80.0)
    assert states(cluster) == {"long": "completed", "short": "completed"}
    attempts = cluster.database.query(
        f"SELECT attempt, state FROM results WHERE job_id = '{long.job_id}'"
    )
    assert attempts == [(1, "completed")]


def test_jobs_accepted_after_the_backup_are_given_up_and_leave_nothing(
    cluster: SimCluster,
) -> None:
    copy = back_up(cluster)
    late = cluster.submit(one("late", 200.0), key="nightly")
    cluster.run_for(5.0)
    assert late.accepted
    restore(cluster, copy)
    cluster.run_for(120.0)
    assert states(cluster) == {}
    for role in (Role.MANAGER, Role.WORKER):
        for process in cluster.of_role(role):
            left = process.node.state
            held = left.records if role is Role.MANAGER else left.attempts
            assert not held, process.name
    again = cluster.submit(one("late", 1.0), key="nightly")
    cluster.run_for(20.0)
    assert again.state == "completed"
