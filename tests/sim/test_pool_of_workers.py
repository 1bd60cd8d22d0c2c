"""Workers as their managers see them: who is in the pool, who is left alone, who is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from distributed.jobs.allocation import Standing
from distributed.manager.worker_seat import WorkerSeat
from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import VERBS, Fault
from distributed.testing.message_rules import MessageRule
from distributed.testing.simulated_work import Script, WorkEvent, workflow

SPEC = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",))
MANAGERS = ("north-m1", "north-m2")
WORKERS = ("north-w1", "north-w2", "north-w3")
CORES = SPEC.workers * SPEC.cores


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(seed=31, spec=SPEC) as made:
        made.start()
        made.run_for(4.0)
        yield made


def seat(cluster: SimCluster, manager: str, worker: str) -> WorkerSeat | None:
    """A worker as a manager knows it, None where it is not in the pool."""
    found = cluster[manager].node.state.seats.get(worker)
    assert found is None or isinstance(found, WorkerSeat)
    return found


def standing(cluster: SimCluster, worker: str) -> list[Standing]:
    """How willingly each manager chooses that worker."""
    seats = [seat(cluster, manager, worker) for manager in MANAGERS]
    return [found.slots.standing for found in seats if found is not None]


def departures(cluster: SimCluster, manager: str) -> dict[str, bool]:
    """Workers that went, and whether they died."""
    return {gone.name: gone.died for gone in cluster[manager].node.state.departed()}


def works(seconds: float, count: int = 1) -> Job:
    names = [f"w{number}" for number in range(count)]
    return Job(name="work", workflows=tuple(workflow(n, Script(seconds=seconds)) for n in names))


def test_every_worker_is_in_the_pool_of_every_manager_with_its_cores(cluster: SimCluster) -> None:
    """MW 1.1a-c, 1.2a-c, 16.3a, 41.12a: all are open, and gates hear their sum."""
    for manager in MANAGERS:
        state = cluster[manager].node.state
        assert set(state.seats) == set(WORKERS) == set(state.allocation.workers)
        assert {found.slots.cores for found in state.seats.values()} == {SPEC.cores}
        assert {found.slots.standing for found in state.seats.values()} == {Standing.HEALTHY}
    facts = cluster["g1"].node.managers.candidates()["north"].facts
    assert facts.total_cores == facts.free_cores == CORES


def test_a_manager_that_comes_late_asks_those_whom_it_does_not_know(cluster: SimCluster) -> None:
    """MW 1.1e, 41.12b, 41.12e: a status of a stranger is answered by a request to register."""
    cluster["north-m2"].kill()
    cluster.run_for(1.0)
    lost = cluster.network.rules.add(MessageRule("RegisterWorker", target="north-m2", drop=True))
    cluster["north-m2"].start()
    cluster.run_for(3.0)
    assert cluster["north-m2"].node.state.seats == {}
    cluster.network.rules.remove(lost)
    cluster.run_for(10.0)
    assert set(cluster["north-m2"].node.state.seats) == set(WORKERS)


def test_leaving_and_dying_are_told_apart_and_leave_nothing(cluster: SimCluster) -> None:
    """MW 1.3a-c, 5.4b, 41.12d, 41.17a: gone from every table, and what is told of it is true."""
    cluster.loop.spawn(cluster.loop.root, cluster["north-w1"].stop())
    cluster["north-w2"].kill(power_off=True)
    cluster.run_for(10.0)
    for manager in MANAGERS:
        state = cluster[manager].node.state
        assert departures(cluster, manager) == {"north-w1": False, "north-w2": True}
        assert set(state.seats) == set(state.allocation.workers) == {"north-w3"}
    job = cluster.submit(works(0.5, 8))
    cluster.run_for(6.0)
    assert job.state == "completed"


def test_a_suspected_worker_is_given_nothing_until_it_is_heard(cluster: SimCluster) -> None:
    """MW 5.4a, 5.4c, 16.3b, 41.17d, 56.6: shut while in doubt, open again by its refutation."""
    cluster["north-w1"].pause()
    cluster.run_for(2.5)
    assert standing(cluster, "north-w1") == [Standing.SHUT] * 2
    began: Counter[str] = Counter()
    cluster.work_watchers.append(lambda event: began.update([event.node]))
    job = cluster.submit(works(0.2, 6))
    cluster.run_for(1.0)
    assert job.state == "completed"
    assert began["north-w1"] == 0
    cluster["north-w1"].resume()
    cluster.run_for(3.0)
    assert standing(cluster, "north-w1") == [Standing.HEALTHY] * 2
    assert departures(cluster, "north-m1") == {}


def test_a_worker_that_does_not_acknowledge_is_left_alone_and_tried_again(
    cluster: SimCluster,
) -> None:
    """MW 5.3a-d, 16.3c, 3.5c, 41.2a: the same batch is repeated, then it goes elsewhere."""
    rules = cluster.network.rules
    silent = rules.add(MessageRule("AssignWorkflows", target="north-w1", drop=True))
    job = cluster.submit(works(0.2, CORES))
    cluster.run_for(13.0)
    assert job.state == "completed"
    shut = [found for found in standing(cluster, "north-w1") if found is Standing.SHUT]
    assert len(shut) == 1, "the manager of the job leaves it alone, and it alone"
    rules.remove(silent)
    cluster.run_for(SPEC.manager.shut_seconds)
    assert standing(cluster, "north-w1") == [Standing.HEALTHY] * 2
    began: Counter[str] = Counter()
    cluster.work_watchers.append(lambda event: began.update([event.node]))
    again = cluster.submit(works(0.2, CORES))
    cluster.run_for(3.0)
    assert again.state == "completed"
    assert began["north-w1"] > 0


def test_a_workflow_that_waits_for_cores_longer_than_its_job_may_last_never_runs(
    cluster: SimCluster,
) -> None:
    """MW 2.2b, 2.5a, 2.5b: no core is promised twice; the wait ends with the job's deadline."""
    long = cluster.submit(works(12.0, CORES))
    cluster.run_for(1.0)
    events: list[WorkEvent] = []
    cluster.work_watchers.append(events.append)
    late = cluster.submit(msgspec.structs.replace(works(1.0), deadline_seconds=4.0))
    cluster.run_for(8.0)
    assert late.state == "timed_out"
    assert late.result is not None
    assert [event for event in events if event.job_id == late.job_id] == []
    assert long.state == ""
    cluster.run_for(8.0)
    assert long.state == "completed"


def test_a_part_that_fails_leaves_the_rest_and_frees_its_cores(cluster: SimCluster) -> None:
    """MW 6.4a-c, 20.3b: what completed stays in the answer, and no core stays bound."""
    good, bad = Script(seconds=1.0), Script(seconds=0.5, fail_attempts=9)
    job = cluster.submit(
        Job(name="parts", workflows=(workflow("a", good), workflow("b", bad), workflow("c", good)))
    )
    cluster.run_for(5.0)
    assert job.state == "failed"
    assert job.result is not None
    assert {r.workflow: r.state for r in job.result.workflows} == {
        "a": "completed",
        "b": "failed",
        "c": "completed",
    }
    for manager in MANAGERS:
        slots = cluster[manager].node.state.allocation.workers.values()
        assert [found.bound for found in slots] == [0] * SPEC.workers


def test_a_workflow_gets_its_inputs_its_cores_and_its_name(cluster: SimCluster) -> None:
    """MW 3.3a-d, 17.1b: what an assignment carries is all that a worker needs."""
    cores: dict[str, int] = {}
    cluster.work_watchers.append(lambda event: cores.update({event.workflow: event.cores}))
    wide = workflow("wide", Script(seconds=0.2), cores=3, after=("first",))
    job = cluster.submit(Job(name="full", workflows=(workflow("first", Script(seconds=0.2)), wide)))
    cluster.run_for(4.0)
    assert job.result is not None
    values = {r.workflow: msgspec.msgpack.decode(r.value) for r in job.result.workflows}
    assert values["wide"]["workflow"] == "wide"
    assert values["wide"]["inputs"] == ["first"]
    assert cores == {"first": 1, "wide": 3}


def test_chatter_on_thin_lines_costs_no_worker_and_no_result(cluster: SimCluster) -> None:
    """MW 9.2a, 9.2b, 10.4a-c: progress, output and results share connections with heartbeats."""
    sent: Counter[str] = Counter()
    cluster.network.rules.watchers.append(lambda _s, _t, _f, label: sent.update([label]))
    VERBS["lag"](cluster, Fault(0.0, "lag", "north-w1", value=0.2))
    loud = Script(seconds=5.0, steps=1000, reports=2, lines=5, result_bytes=200_000)
    names = [f"w{number}" for number in range(CORES)]
    job = cluster.submit(Job(name="loud", workflows=tuple(workflow(n, loud) for n in names)))
    cluster.run_for(12.0)
    assert job.state == "completed"
    rounds = 5.0 / SPEC.worker.progress_interval_seconds
    assert 0 < sent["WorkerProgress"] <= SPEC.workers * (rounds + 2)
    for manager in MANAGERS:
        assert departures(cluster, manager) == {}
        assert set(standing(cluster, "north-w1")) == {Standing.HEALTHY}
