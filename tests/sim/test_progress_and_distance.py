"""Much progress, slow receivers, far datacenters and clocks that drift, in a whole cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from distributed.messages.job import Job, Placement
from distributed.messages.progress import WorkerProgress
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.conditions import Latency
from distributed.testing.message_rules import MessageRule
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission
from distributed.types import Role

ONE = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), managers=1, workers=3)
WIDE = msgspec.structs.replace(
    SMALL, datacenters=("d1", "d2", "d3", "d4", "d5"), managers=1, workers=1, clients=3
)
STEPS, REPORTS = 100, 500
BUSY = Script(seconds=5.0, steps=STEPS, reports=REPORTS)
"""20 steps a second, 10,000 latencies a second."""


class Traffic:
    """How many messages of each type each node sent."""

    def __init__(self, cluster: SimCluster) -> None:
        self.sent: Counter[tuple[str, str]] = Counter()
        cluster.network.rules.watchers.append(self._seen)

    def _seen(self, source: str, _target: str, _frame: Any, label: str) -> None:
        self.sent[source, label] += 1


@pytest.fixture
def north() -> Iterator[SimCluster]:
    with SimCluster(11, ONE) as cluster:
        cluster.start()
        yield cluster


def busy(cluster: SimCluster, workflows: int = 12) -> Submission:
    flows = tuple(workflow(f"w{number}", BUSY) for number in range(workflows))
    return cluster.submit(Job(name="busy", workflows=flows))


def counted(job: Submission) -> float:
    """Latencies that the final results say were reported."""
    assert job.state == "completed"
    assert job.result is not None
    return sum(result.counters["reports"] for result in job.result.workflows)


def shown(job: Submission) -> list[int]:
    """Latencies that each progress update told its client of."""
    progress = [update for update in job.updates if update.kind == "progress"]
    return [sum(part.reports for part in update.datacenters) for update in progress]


def test_a_flood_of_statistics_travels_in_few_messages_and_arrives_whole(north: SimCluster) -> None:
    """GM 21.1a-b, 23.1a-b: 120,000 latencies a second; one message a worker and interval."""
    traffic = Traffic(north)
    job = busy(north)
    north.run_for(8.0)
    assert counted(job) == 12 * STEPS * REPORTS
    reports = shown(job)
    assert reports == sorted(reports)
    assert len(set(reports)) > 10
    intervals = BUSY.seconds / ONE.worker.progress_interval_seconds
    for worker in ("north-w1", "north-w2", "north-w3"):
        assert 1 <= traffic.sent[worker, WorkerProgress.__name__] <= intervals + 2
    assert traffic.sent["north-m1", "JobProgress"] <= intervals + 12 + 2
    assert len(reports) <= BUSY.seconds / ONE.gate.push_interval_seconds + 2


def test_a_gate_that_stands_still_again_and_again_holds_nobody_s_memory(north: SimCluster) -> None:
    """GM 21.4b: the manager sends it the newest when it reads, and no backlog of what was."""
    job = busy(north)
    north.run_for(0.5)
    for _ in range(4):
        north["g1"].pause()
        north.run_for(1.0)
        assert list(north.network.overfull()) == []
        north["g1"].resume()
        north.run_for(0.5)
    north.run_for(5.0)
    assert counted(job) == 12 * STEPS * REPORTS
    reports = shown(job)
    assert reports == sorted(reports)
    assert len(set(reports)) > 3


def test_five_datacenters_near_and_far_make_one_answer_that_all_three_watchers_get() -> None:
    """GM 22.3a, 23.2a-b: 10 ms away and 300 ms away; each durable step once for each of them."""
    with SimCluster(12, WIDE) as cluster:
        for number, name in enumerate(WIDE.datacenters[1:]):
            seconds = (0.005, 0.05, 0.1, 0.15)[number]
            cluster.network.conditions.set_distance("d1", name, Latency(seconds, 0.0005))
        cluster.start()
        job = Job(
            name="everywhere",
            workflows=(workflow("a", Script(seconds=2.0, steps=8)), workflow("b", after=("a",))),
            placement=Placement(count=5, mode="replicate"),
        )
        watchers = []
        for client in ("c1", "c2", "c3"):
            watchers.append(cluster.submit(job, client=client, key="same"))
            cluster.run_for(0.7)
        cluster.run_for(20.0)
        assert len({watcher.job_id for watcher in watchers}) == 1
        for watcher in watchers:
            assert watcher.state == "completed"
            assert watcher.result is not None
            pairs = {(r.workflow, r.datacenter) for r in watcher.result.workflows}
            assert pairs == {(name, dc) for name in "ab" for dc in WIDE.datacenters}
            assert len(watcher.result.workflows) == len(pairs)
            durable = [u.sequence for u in watcher.updates if u.kind not in ("progress", "")]
            assert sorted(set(durable)) == list(range(1, durable[-1] + 1))
            done = [u.done for u in watcher.updates if u.kind == "progress"]
            assert done == sorted(done)


def test_clocks_that_run_at_other_speeds_cost_no_lease_and_no_attempt() -> None:
    """GM 24.2c: a gate 2 % fast beside one 2 % slow, and workers that differ from managers."""
    rates = {"g1": 1.02, "g2": 0.98, "north-m1": 0.98, "north-w1": 1.02, "south-w2": 0.97}
    with SimCluster(13, SMALL) as cluster:
        for name, rate in rates.items():
            cluster[name].life.clock.rate = rate
        cluster.start()
        flows = tuple(workflow(f"w{number}", Script(seconds=6.0, steps=4)) for number in range(4))
        jobs = [cluster.submit(Job(name="long", workflows=flows)) for _ in range(6)]
        cluster.run_for(60.0)
        assert {job.state for job in jobs} == {"completed"}
        for job in jobs:
            assert job.result is not None
            assert {result.attempt for result in job.result.workflows} == {1}
            assert not [u for u in job.updates if u.kind in ("takeover", "worker_lost", "retry")]
        gates = [process.life.metrics for process in cluster.of_role(Role.GATE)]
        assert [metrics.total("step_downs") for metrics in gates] == [0, 0]
        assert [metrics.total("managers_lost") for metrics in gates] == [0, 0]


def test_a_part_that_is_late_on_its_way_and_cancelled_meanwhile_does_not_run_on(
    north: SimCluster,
) -> None:
    """GM 25.1a: no order overtakes another on its connection, so the end comes after the start."""
    started: list[str] = []
    north.work_watchers.append(
        lambda event: started.append(event.job_id) if event.kind == "started" else None
    )
    slow = north.network.rules.add(MessageRule("StartJob", delay_seconds=3.0, times=1))
    job = north.submit(Job(name="gone", workflows=(workflow("a", Script(seconds=30.0)),)))
    north.run_for(1.0)
    assert job.accepted
    job.cancel()
    north.run_for(15.0)
    north.network.rules.remove(slow)
    assert job.state == "cancelled"
    assert not north["north-m1"].node.state.records
    for name in ("north-w1", "north-w2", "north-w3"):
        assert north[name].node.state.executor.free_slots == ONE.cores
    assert len(started) <= 1
