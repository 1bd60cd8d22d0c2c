"""A manager is unheard, stops, dies or restarts while work runs: who goes on, and with what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import VERBS, Fault
from distributed.testing.message_rules import MessageRule
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission

SPEC = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), workers=3, cores=2)
CORES = SPEC.workers * SPEC.cores
MANAGERS = ("north-m1", "north-m2")
WORKERS = ("north-w1", "north-w2", "north-w3")


class Runs:
    """How often each workflow of a cluster really began."""

    def __init__(self, cluster: SimCluster) -> None:
        self.began: Counter[str] = Counter()
        cluster.work_watchers.append(
            lambda event: self.began.update([event.workflow] * (event.kind == "started"))
        )


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(seed=44, spec=SPEC) as made:
        made.start()
        made.run_for(4.0)
        yield made


def running(cluster: SimCluster, seconds: float, count: int = CORES) -> Submission:
    """A job whose workflows run, or wait for cores where there are too many."""
    names = [f"w{number}" for number in range(count)]
    work = tuple(workflow(name, Script(seconds=seconds)) for name in names)
    submission = cluster.submit(Job(name="work", workflows=work))
    cluster.run_for(1.0)
    assert submission.accepted
    return submission


def holders(cluster: SimCluster) -> list[str]:
    """Managers that have a job."""
    return [name for name in MANAGERS if cluster[name].up and cluster[name].node.state.records]


def orphaned(cluster: SimCluster) -> set[bool]:
    """What workers hold of their jobs: whether the manager is gone."""
    records = [r for name in WORKERS for r in cluster[name].node.state.records.values()]
    return {record.orphaned for record in records if not record.idle}


def attempts(job: Submission) -> set[int]:
    """Which attempts the answer is made of; the job has completed."""
    assert job.state == "completed"
    assert job.result is not None
    return {result.attempt for result in job.result.workflows}


def test_a_manager_that_is_unheard_for_a_while_finds_its_work_as_it_was(
    cluster: SimCluster,
) -> None:
    """MW 12.1b, 12.2a-b, 13.4a-c: marked and counted as orphans, cleared by the same manager."""
    runs = Runs(cluster)
    job = running(cluster, 12.0)
    (manager,) = holders(cluster)
    assert orphaned(cluster) == {False}
    nobody = [name for name in (*WORKERS, *MANAGERS) if name != manager]
    pairs = [pair for name in nobody for pair in ((manager, name), (name, manager))]
    cluster.network.cut(pairs)
    cluster.run_for(6.0)
    assert orphaned(cluster) == {True}
    counted = [int(cluster[name].life.metrics.total("jobs_orphaned")) for name in WORKERS]
    assert counted == [1] * SPEC.workers
    cluster.network.mend(pairs)
    cluster.run_for(4.0)
    assert orphaned(cluster) == {False}
    cluster.run_for(20.0)
    assert attempts(job) == {1}
    assert set(runs.began.values()) == {1}


def test_the_successor_of_a_manager_is_obeyed_before_it_gives_anything_out(
    cluster: SimCluster,
) -> None:
    """MW 13.1a-c, 13.2c, 13.3a-c, 53.3: its question carries the new fence."""
    runs = Runs(cluster)
    slow = cluster.network.rules.add(MessageRule("ReportWork", delay_seconds=0.2))
    job = running(cluster, 8.0)
    (manager,) = holders(cluster)
    fences = {r.fence for name in WORKERS for r in cluster[name].node.state.records.values()}
    cluster[manager].kill()
    cluster.run_for(6.0)
    (successor,) = holders(cluster)
    assert successor != manager
    records = [r for name in WORKERS for r in cluster[name].node.state.records.values()]
    assert {record.manager for record in records} == {successor}
    assert min(record.fence for record in records) > max(fences)
    cluster.network.rules.remove(slow)
    cluster.run_for(15.0)
    assert attempts(job) == {1}
    assert set(runs.began.values()) == {1}


def test_a_takeover_waits_for_a_silent_worker_only_so_long(cluster: SimCluster) -> None:
    """MW 41.4a, 41.4b, 41.4e, 44.2: partial knowledge, and the job goes on."""
    job = running(cluster, 2.0, count=4 * CORES)
    (manager,) = holders(cluster)
    cluster[manager].kill()
    cluster.network.rules.add(MessageRule("ReportWork", target="north-w1", drop=True))
    cluster.run_for(40.0)
    assert job.state == "completed"


def test_a_manager_that_is_stopped_while_it_takes_over_ends_and_another_goes_on(
    cluster: SimCluster,
) -> None:
    """MW 41.4d, 41.19a: stopping waits for no report of a worker."""
    job = running(cluster, 4.0)
    (manager,) = holders(cluster)
    lost = cluster.network.rules.add(MessageRule("ReportWork", drop=True))
    cluster[manager].kill()
    for _ in range(100):
        cluster.run_for(0.1)
        if holders(cluster):
            break
    (successor,) = holders(cluster)
    cluster[manager].start()
    cluster.run_for(0.2)
    cluster.run(cluster[successor].stop())
    assert not cluster[successor].alive
    cluster.network.rules.remove(lost)
    cluster.run_for(40.0)
    assert job.state == "completed"


def test_a_manager_that_stops_leaves_its_work_running_and_its_queue_to_another(
    cluster: SimCluster,
) -> None:
    """MW 40.2a-d, 55.5: what runs is not begun again, what waited is done elsewhere."""
    runs = Runs(cluster)
    job = running(cluster, 4.0, count=2 * CORES)
    (manager,) = holders(cluster)
    cluster.run(cluster[manager].stop())
    cluster.run_for(30.0)
    assert attempts(job) == {1}
    assert set(runs.began.values()) == {1}
    assert len(runs.began) == 2 * CORES


def test_both_managers_restart_at_once_and_the_workers_tell_what_runs(
    cluster: SimCluster,
) -> None:
    """MW 41.10b, 52.1, 43.4, 12.3c: no manager remembers anything, and nothing runs twice."""
    runs = Runs(cluster)
    job = running(cluster, 10.0)
    for name in MANAGERS:
        cluster[name].kill()
    cluster.run_for(1.0)
    for name in MANAGERS:
        cluster[name].start()
    cluster.run_for(30.0)
    assert attempts(job) == {1}
    assert set(runs.began.values()) == {1}
    assert all(not cluster[name].node.state.records for name in (*MANAGERS, *WORKERS))


def test_a_gate_that_restarts_goes_on_with_what_waits_and_what_was_cancelled(
    cluster: SimCluster,
) -> None:
    """MW 45.6, 52.2, 59.10, 54.10: a cancellation that nobody heard yet is still carried out."""
    waits = running(cluster, 3.0, count=3 * CORES)
    unwanted = running(cluster, 3.0)
    deaf = cluster.network.rules.add(MessageRule("CancelInDatacenter", drop=True))
    unwanted.cancel()
    cluster.run_for(0.5)
    cluster["g1"].kill()
    cluster.network.rules.remove(deaf)
    cluster.run_for(1.0)
    cluster["g1"].start()
    cluster.run_for(40.0)
    assert unwanted.state == "cancelled"
    assert waits.state == "completed"


def test_a_lease_is_renewed_while_one_long_step_runs(cluster: SimCluster) -> None:
    """MW 44.1, 60.1: the owner and its epoch stay, however long nothing happens."""
    seconds = 10 * SPEC.gate.lease_seconds
    job = running(cluster, seconds, count=1)
    query = f"SELECT owner, epoch FROM leases WHERE job_id = '{job.job_id}'"
    before = cluster.database.query(query)
    cluster.run_for(seconds - 5.0)
    assert cluster.database.query(query) == before
    cluster.run_for(10.0)
    assert attempts(job) == {1}


def test_an_outage_of_the_ledger_costs_no_attempt_and_its_backlog_drains(
    cluster: SimCluster,
) -> None:
    """MW 58.1, 41.26e, 41.10c, 54.1: work goes on meanwhile, every result is recorded after."""
    cluster.log.expect((r"the lease ran out",))
    runs = Runs(cluster)
    job = running(cluster, 2.0, count=2 * CORES)
    undo = VERBS["cut_ledger"](cluster, Fault(0.0, "cut_ledger", "g1"))
    cluster.run_for(12.0)
    assert job.state == ""
    assert sum(runs.began.values()) == 2 * CORES
    undo()
    cluster.run_for(25.0)
    assert attempts(job) == {1}
    assert set(runs.began.values()) == {1}
