"""Between managers and workers: each situation of the short list, with every rule watched.

A case is faults on a small cluster under jobs. `play` holds the rules: no dispatch runs twice,
each result is recorded once, cancelled work stays cancelled, queues stay bounded, every job
ends, and nothing is left.
"""

from __future__ import annotations

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import VERBS, Fault
from distributed.testing.scenario import drawn, play
from distributed.testing.simulated_work import Script, workflow
from distributed.types import Role

WORKERS = tuple(f"{dc}-w{number}" for dc in SMALL.datacenters for number in (1, 2, 3))
LONG = Job(name="long", workflows=tuple(workflow(f"w{n}", Script(seconds=6)) for n in range(6)))


def lost(*names: str, chance: float = 0.7) -> tuple[Fault, ...]:
    """Messages of these types are lost for a while."""
    return tuple(Fault(2.0, "drop", name, seconds=8.0, value=chance) for name in names)


def held_up(*names: str) -> tuple[Fault, ...]:
    """Messages of these types come late."""
    return tuple(Fault(2.0, "delay", name, seconds=8.0, value=1.5) for name in names)


CASES = {
    "MW 43.4, 50.1, 47.3: a manager dies while it gives work out": (
        Fault(2.5, "kill", "north-m1", seconds=4.0),
        Fault(3.0, "kill", "south-m2", seconds=4.0),
    ),
    "MW 44.5, 54.6, 56.5, 58.4, 60.4: acknowledgements of results are lost": lost(
        "ResultsRecorded"
    ),
    "MW 45.5, 53.2, 59.4: results come late and again": (
        *held_up("WorkerResults", "DatacenterResults"),
        *lost("WorkerResults", chance=0.3),
    ),
    "MW 53.4, 54.9: assignments are lost on their way and answered late": (
        *lost("AssignWorkflows", chance=0.4),
        *held_up("AssignmentsTaken"),
    ),
    "MW 54.8, 55.1, 56.9: every worker comes back at once": tuple(
        Fault(3.0, "kill", name, seconds=2.0) for name in WORKERS
    ),
    "MW 43.3, 44.6, 57.7: cancellations race with ends and are lost": lost(
        "CancelJob", "CancelInDatacenter", "CancelAttempts", chance=0.5
    ),
    "MW 52.2, 55.6: a cancelled job's manager dies": (
        *held_up("CancelAttempts"),
        Fault(4.0, "kill", "north-m1", seconds=3.0),
        Fault(5.0, "kill", "north-m2", seconds=3.0),
    ),
    "MW 43.6, 53.8, 53.1: clocks are off by an hour": tuple(
        Fault(1.0, "skew", name, seconds=20.0, value=value)
        for name, value in (("g1", 3600.0), ("north-m1", -3600.0), ("south-w1", 3600.0))
    ),
    "MW 44.2, 58.8: the list of workers is old, since registrations are lost": lost(
        "RegisterWorker", "WorkerRegistered", "WorkerStatus"
    ),
    "MW 57.10, 60.9, 55.9: workers are slow and a crowd comes": (
        *(Fault(1.0, "slow", name, seconds=10.0, value=0.01) for name in WORKERS[:3]),
        Fault(3.0, "fill", value=40.0),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_no_rule_is_broken(case: str) -> None:
    scenario = drawn(17, profile="calm", minutes=0.3, jobs=8)
    report = play(msgspec.structs.replace(scenario, faults=CASES[case]))
    assert not report.failed, report.story


def counted(cluster: SimCluster, role: Role, name: str) -> int:
    """A counter summed over the processes of a role."""
    return sum(int(process.life.metrics.total(name)) for process in cluster.of_role(role))


def test_a_gap_in_the_status_of_all_workers_evicts_nobody() -> None:
    """MW 43.9, 56.8, 58.6: membership vouches for workers that are only late to say so."""
    with SimCluster(6, SMALL) as cluster:
        cluster.start()
        for name in ("WorkerStatus", "RegisterWorker"):
            VERBS["drop"](cluster, Fault(0.0, "drop", name, value=1.0))
        cluster.run_for(30)
        assert counted(cluster, Role.MANAGER, "workers_lost") == 0
        assert all(len(m.node.state.seats) == 3 for m in cluster.of_role(Role.MANAGER))


def test_a_pause_shorter_than_detection_costs_no_attempt() -> None:
    """MW 50.3: a garbage collection of a second is no death."""
    with SimCluster(6, SMALL) as cluster:
        cluster.start()
        job = cluster.submit(LONG)
        cluster.run_for(1)
        paused = [cluster[name] for name in WORKERS]
        for process in paused:
            process.pause()
        cluster.run_for(1)
        for process in paused:
            process.resume()
        cluster.run_for(20)
        assert job.state == "completed"
        assert job.result is not None
        assert {result.attempt for result in job.result.workflows} == {1}


def test_a_cancellation_reaches_busy_workers_within_seconds() -> None:
    """MW 53.10, 58.7, 60.7: it waits behind no queue of work."""
    with SimCluster(6, SMALL) as cluster:
        cluster.start()
        VERBS["fill"](cluster, Fault(0.0, "fill", value=30.0))
        job = cluster.submit(msgspec.structs.replace(LONG, name="unwanted"))
        cluster.run_for(1.5)
        job.cancel("")
        cluster.run_for(3)
        assert job.state == "cancelled"
