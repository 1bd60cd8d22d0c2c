"""Much at once: batches on the wire, one slow end beside quick ones, and what comes back after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.dispatch import AssignWorkflows
from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import VERBS, Fault
from distributed.testing.frame_tap import Passing
from distributed.testing.message_rules import MessageRule
from distributed.testing.scenario import drawn, play
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission
from distributed.transport.frames import DEADLINE

SPEC = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",))
MANAGERS = ("north-m1", "north-m2")
MANY = 600


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(seed=63, spec=SPEC) as made:
        made.start()
        made.run_for(4.0)
        yield made


def job_of(count: int, script: Script, name: str = "many") -> Job:
    return Job(name=name, workflows=tuple(workflow(f"w{n}", script) for n in range(count)))


def submitted_at(cluster: SimCluster, manager: str, job: Job) -> Submission:
    """The job, or one like it, at that manager."""
    for _ in range(20):
        submission = cluster.submit(job)
        cluster.run_for(0.3)
        if submission.job_id in cluster[manager].node.state.records:
            return submission
    raise AssertionError(f"{manager} was given no job")


def test_a_burst_goes_in_batches_each_step_of_the_way(cluster: SimCluster) -> None:
    """MW 54.2, 56.4, 58.2, 10.2b: six hundred workflows do not make six hundred messages."""
    sent: Counter[str] = Counter()
    cluster.network.rules.watchers.append(lambda _s, _t, _f, label: sent.update([label]))
    job = cluster.submit(job_of(MANY, Script(seconds=0.01)))
    cluster.run_for(20.0)
    assert job.state == "completed"
    assert job.result is not None
    assert len(job.result.workflows) == MANY
    on_the_way = ("AssignWorkflows", "WorkerResults", "DatacenterResults", "ResultsRecorded")
    assert all(0 < sent[label] < MANY for label in on_the_way), sent


def test_an_assignment_that_is_repeated_is_the_same_and_runs_once(cluster: SimCluster) -> None:
    """MW 41.2a, 41.2c, 47.1, 50.1: its acknowledgement was lost, byte for byte it comes again."""
    offers: dict[str, list[bytes]] = {}

    def seen(_source: str, _target: str, frame: Passing, label: str) -> None:
        if label == "AssignWorkflows":
            message = msgspec.msgpack.decode(frame.body[DEADLINE.size :], type=AssignWorkflows)
            for assignment in message.batch:
                kept = offers.setdefault(assignment.dispatch_id, [])
                kept.append(msgspec.msgpack.encode(assignment))

    cluster.network.rules.watchers.append(seen)
    cluster.network.rules.add(MessageRule("AssignmentsTaken", drop=True, times=2))
    ran: Counter[str] = Counter()
    cluster.work_watchers.append(lambda e: ran.update([e.workflow] * (e.kind == "started")))
    job = cluster.submit(job_of(9, Script(seconds=6.0)))
    cluster.run_for(20.0)
    assert job.state == "completed"
    assert max(len(bodies) for bodies in offers.values()) > 1
    assert all(len(set(bodies)) == 1 for bodies in offers.values())
    assert set(ran.values()) == {1}


def test_a_slow_manager_holds_up_no_job_of_another(cluster: SimCluster) -> None:
    """MW 41.30d, 57.2, 57.10, 30.2d: its workers serve the other at full pace."""
    slow, quick = MANAGERS
    stuck = submitted_at(cluster, slow, job_of(2, Script(seconds=30.0, steps=300), "stuck"))
    undo = VERBS["slow"](cluster, Fault(0.0, "slow", slow, value=0.1))
    job = submitted_at(cluster, quick, job_of(4, Script(seconds=0.5, steps=10), "quick"))
    cluster.run_for(2.0)
    assert job.state == "completed"
    assert stuck.state == ""
    undo()
    cluster.run_for(40.0)
    assert stuck.state == "completed"


def test_progress_is_told_and_never_stored(cluster: SimCluster) -> None:
    """MW 41.10e: a job of a thousand steps writes as much to the ledger as one without any."""
    rows = []
    for steps in (0, 1000):
        job = cluster.submit(job_of(2, Script(seconds=4.0, steps=steps, reports=2)))
        cluster.run_for(6.0)
        assert job.state == "completed"
        query = f"SELECT COUNT(*) FROM events WHERE job_id = '{job.job_id}'"
        rows.append(cluster.database.query(query))
    assert rows[0] == rows[1]


def test_work_is_under_way_before_its_acceptance_is_durable_and_nobody_is_told(
    cluster: SimCluster,
) -> None:
    """MW 41.25d: a slow disk delays the word to the client, not the work."""
    cluster.database.commit_seconds = 1.5
    began: list[float] = []
    cluster.work_watchers.append(
        lambda event: began.append(event.at) if event.kind == "started" else None
    )
    submitted_at = cluster.loop.time()
    job = cluster.submit(job_of(1, Script(seconds=1.0)))
    cluster.run_for(20.0)
    assert job.state == "completed"
    assert job.accepted_at is not None
    assert len(began) == 1
    assert began[0] < submitted_at + 0.5 < job.accepted_at


def test_workers_that_come_and_go_under_many_jobs_starve_none() -> None:
    """MW 43.1, 30.3a-d, 59.6: each ends in time, whoever serves it, and every rule holds."""
    scenario = drawn(19, profile="calm", minutes=0.6, jobs=10)
    churn = tuple(
        Fault(2.0 + number, "kill", f"{dc}-w{1 + number % 3}", seconds=1.5)
        for number in range(10)
        for dc in SMALL.datacenters
    )
    cut_off = (Fault(13.0, "split", "north", seconds=6.0), Fault(14.0, "fill", value=20.0))
    report = play(msgspec.structs.replace(scenario, faults=(*churn, *cut_off)))
    assert not report.failed, report.story
    assert report.jobs.get("completed", 0) > 0


def test_a_worker_that_comes_back_smaller_is_given_what_fits(cluster: SimCluster) -> None:
    """MW 43.10, 60.8, 17.2a-b, 1.1d: its new cores count, whatever it had before."""
    wide = workflow("wide", Script(seconds=6.0), cores=4)
    job = cluster.submit(Job(name="wide", workflows=(wide,)))
    cluster.run_for(1.0)
    events: list[tuple[str, int]] = []
    cluster.work_watchers.append(
        lambda e: events.append((e.node, e.attempt)) if e.kind == "started" else None
    )
    ran_on = {
        entry.worker
        for name in MANAGERS
        for record in cluster[name].node.state.records.values()
        for entry in record.entries.values()
    }
    (former,) = ran_on
    cluster.spec = msgspec.structs.replace(cluster.spec, cores=2)
    cluster[former].kill()
    cluster[former].start()
    cluster.run_for(15.0)
    assert job.state == "completed"
    assert [attempt for _, attempt in events] == [2]
    assert former not in {node for node, _ in events}
    for name in MANAGERS:
        assert cluster[name].node.state.seats[former].slots.cores == 2
