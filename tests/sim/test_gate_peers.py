"""Gates among themselves: who is there, who dies, who may order effects (P1 to P5).

There is no leader and no vote. A gate orders effects while its lease in the ledger runs; what
others believe of it settles nothing. So a majority is asked for in one place: a gate that sees
most of the gates dead inherits nothing by their death, it may be the one that is cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from distributed.gate.node import GateNode
from distributed.membership.events import Died
from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL, ClusterSpec
from distributed.testing.faults import EXPECTED_ERRORS
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission
from distributed.types import Role

SPEC = msgspec.structs.replace(SMALL, gates=4, datacenters=("north",), managers=1, workers=2)
LEASE = SPEC.gate.lease_seconds
NOTICE_SECONDS = 2.5
"""An unreachable ledger is noticed a second after the next renewal, and time passes in steps."""


@contextmanager
def running(seed: int, **changes: object) -> Iterator[SimCluster]:
    spec: ClusterSpec = msgspec.structs.replace(SPEC, **changes)
    with SimCluster(seed, spec) as cluster:
        cluster.log.expect(EXPECTED_ERRORS)
        cluster.start()
        cluster.run_for(3.0)
        yield cluster


def gate(cluster: SimCluster, name: str) -> GateNode:
    node = cluster[name].node
    assert isinstance(node, GateNode)
    return node


def known(cluster: SimCluster, name: str) -> set[str]:
    """The gates that a gate would pass a submission to."""
    return set(gate(cluster, name).state.gates())


def holding(cluster: SimCluster) -> list[str]:
    """Gates that may order effects now."""
    return [p.name for p in cluster.of_role(Role.GATE) if p.up and p.node.state.holding]


def submit(cluster: SimCluster, count: int, seconds: float = 1.0) -> list[Submission]:
    work = (workflow("a", Script(seconds=seconds)),)
    job = Job(name="one", workflows=work, deadline_seconds=170.0)
    return [cluster.submit(job) for _ in range(count)]


def deaths_heard(cluster: SimCluster, observer: str) -> set[str]:
    """Fills with the names of those that `observer` is told of as dead."""
    names: set[str] = set()
    membership = cluster[observer].life.membership
    assert membership is not None

    async def listen() -> None:
        names.update([e.member.name async for e in membership.events() if note(e)])

    def note(event: object) -> bool:
        if isinstance(event, Died):
            names.add(event.member.name)
        return False

    cluster.loop.spawn(cluster[observer].life.host, listen())
    return names


def test_each_gate_is_missed_by_itself_and_one_that_only_paused_is_not() -> None:
    """P1: two die at different times, one stops for a second; the last is alone and goes on."""
    with running(1, membership="core") as cluster:
        dead = deaths_heard(cluster, "g1")
        cluster["g2"].kill()
        cluster["g3"].pause()
        cluster.run_for(1.0)
        cluster["g3"].resume()
        cluster.run_for(90.0)
        assert dead == {"g2"}
        assert known(cluster, "g1") == {"g1", "g3", "g4"}
        cluster["g4"].kill()
        cluster.run_for(90.0)
        assert dead == {"g2", "g4"}
        assert known(cluster, "g1") == {"g1", "g3"}


def test_a_gate_steps_down_when_its_lease_has_run_out_and_not_before() -> None:
    """P2, GM 15.1: however many gates die, and neither half of them without the ledger."""
    with running(2) as cluster:
        gates = {p.name for p in cluster.of_role(Role.GATE)}
        cluster.database.unreachable |= gates
        for tenth in range(60):
            cluster.run_for(LEASE / 30)
            assert holding(cluster) == sorted(gates)
            if tenth == 10:
                cluster.database.unreachable.clear()
        for name in ("g3", "g4"):
            cluster[name].kill()
        cluster.run_for(5 * LEASE)
        assert holding(cluster) == ["g1", "g2"], "the death of others is no reason"
        halves = [("g1", "g2"), ("g2", "g1")]
        cluster.network.cut(halves)
        cluster.database.unreachable |= gates
        cluster.run_for(LEASE + NOTICE_SECONDS)
        assert holding(cluster) == []
        (refused,) = submit(cluster, 1)
        cluster.run_for(5.0)
        assert not refused.accepted
        cluster.database.unreachable.clear()
        cluster.network.mend(halves)
        cluster.run_for(20.0)
        assert holding(cluster) == ["g1", "g2"]
        assert refused.state == "completed", "its client asks again"


@pytest.mark.parametrize("most_live", [True, False])
def test_a_gate_that_sees_most_gates_dead_inherits_only_what_leases_give_it(
    *, most_live: bool
) -> None:
    """GM 15.1a, 15.1c, P5b: more than half of those it knows must be there, itself counted."""
    with running(3, gate=msgspec.structs.replace(SPEC.gate, lease_seconds=60.0)) as cluster:
        jobs = submit(cluster, 16, seconds=30.0)
        cluster.run_for(2.0)
        owned = {name: set(gate(cluster, name).state.records) for name in ("g2", "g3", "g4")}
        first, *others = sorted(owned, key=lambda name: -len(owned[name]))
        for name in (first, *(() if most_live else others)):
            cluster[name].kill()
        cluster.run_for(15.0)
        up = [p.node.state.records for p in cluster.of_role(Role.GATE) if p.up]
        taken = {job_id for records in up for job_id in records} & owned[first]
        assert taken == (owned[first] if most_live else set())
        cluster.run_for(100.0)
        assert {job.updates[-1].state for job in jobs} == {"completed"}


def test_a_restarted_gate_is_a_new_one_and_holds_nothing_of_its_former_life() -> None:
    """P3, GM 16.2c, 25.2a: after longer than anybody remembers; it serves once it has a lease."""
    with running(4) as cluster:
        jobs = submit(cluster, 24, seconds=10.0)
        cluster.run_for(2.0)
        former = gate(cluster, "g2")
        owned = set(former.state.records)
        assert owned
        cluster["g2"].kill()
        cluster.run_for(10.0)
        assert all("g2" not in known(cluster, name) for name in ("g1", "g3", "g4"))
        leases = cluster.database.query("SELECT job_id FROM leases WHERE owner = 'g2'")
        assert leases == []
        cluster.run_for(40.0)
        assert {job.state for job in jobs} == {"completed"}
        cluster.database.unreachable.add("g2")
        cluster["g2"].start()
        cluster.run_for(5.0)
        assert not cluster["g2"].up
        cluster.database.unreachable.clear()
        cluster.run_for(10.0)
        again = gate(cluster, "g2")
        assert again.state.instance != former.state.instance
        assert not again.state.records
        assert all(known(cluster, f"g{n}") == {"g1", "g2", "g3", "g4"} for n in range(1, 5))
        later = submit(cluster, 24)
        cluster.run_for(0.5)
        assert again.state.records, "one of twenty-four jobs is g2's"
        cluster.run_for(10.0)
        assert {job.state for job in later} == {"completed"}


def test_a_submission_on_its_way_to_a_gate_that_dies_is_not_lost() -> None:
    """P4a, P4b: passed on in the instant of the owner's death; each job runs, and runs once."""
    with running(5) as cluster:
        started: list[tuple[str, str]] = []
        cluster.work_watchers.append(
            lambda event: (
                started.append((event.job_id, event.workflow)) if event.kind == "started" else None
            )
        )
        early = submit(cluster, 12, seconds=5.0)
        cluster.run_for(0.02)
        cluster["g2"].kill(power_off=True)
        late = submit(cluster, 24, seconds=0.5)
        cluster.run_for(0.01)
        cluster["g3"].kill(power_off=True)
        cluster.run_for(60.0)
        assert {job.state for job in (*early, *late)} == {"completed"}
        assert len({job.job_id for job in (*early, *late)}) == 36
        assert sorted(started) == sorted(set(started))


def test_a_gate_alone_owns_everything_and_one_that_flaps_disturbs_nobody() -> None:
    """P5a, P5c: an earlier life's leases are not those of the next, each job has one answer."""
    with running(6, gates=2) as cluster:
        jobs = submit(cluster, 8, seconds=45.0)
        cluster.run_for(1.0)
        for _ in range(4):
            cluster["g2"].pause()
            cluster.run_for(LEASE + 1.0)
            cluster["g2"].resume()
            cluster.run_for(1.5)
        epochs = dict(cluster.database.query("SELECT job_id, epoch FROM leases"))
        for name in ("g1", "g2"):
            for job_id, record in gate(cluster, name).state.records.items():
                assert record.epoch == epochs[job_id]
        cluster["g2"].kill()
        cluster.run_for(15.0)
        owners = cluster.database.query("SELECT DISTINCT owner FROM leases")
        assert owners == [("g1",)]
        alone = submit(cluster, 4)
        cluster.run_for(30.0)
        assert {job.state for job in (*jobs, *alone)} == {"completed"}
        assert holding(cluster) == ["g1"]


def test_gates_find_managers_that_nobody_told_them_of_and_know_each_once() -> None:
    """GM 2.2a-c, 25.2a-b: two of three are configured; each one's status names the others."""
    with running(7, gates=2, managers=3, workers=1) as cluster:
        for name in ("g1", "g2"):
            managers = gate(cluster, name).managers
            names = sorted(view.name for view in managers.everyone())
            assert names == ["north-m1", "north-m2", "north-m3"]
            assert len(managers._keepers) == 3
        cluster["north-m3"].kill()
        cluster["north-w1"].kill()
        cluster.run_for(20.0)
        assert all(len(gate(cluster, name).managers.live("north")) == 2 for name in ("g1", "g2"))
        cluster["north-m3"].start()
        cluster["north-w1"].start()
        cluster.run_for(10.0)
        for name in ("g1", "g2"):
            assert len(tuple(gate(cluster, name).managers.everyone())) == 3
            assert len(gate(cluster, name).managers.live("north")) == 3
        jobs = submit(cluster, 4)
        cluster.run_for(5.0)
        assert {job.state for job in jobs} == {"completed"}
