"""A cluster that comes up: in any order, with seeds that never answer, under the real detector."""

from __future__ import annotations

import msgspec
import pytest

from distributed.membership.member import MemberState
from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Script, workflow
from distributed.types import Role

SPEC = msgspec.structs.replace(SMALL, gates=2, datacenters=("north",), membership="core")
ONE = Job(name="one", workflows=(workflow("a", Script(seconds=0.5)),))


def held(cluster: SimCluster) -> set[MemberState]:
    """What anybody who is up holds of anybody."""
    memberships = [p.life.membership for p in cluster.processes.values() if p.up]
    return {m.state for found in memberships if found is not None for m in found.members()}


@pytest.mark.parametrize("seed", [1, 2])
def test_all_start_at_once_and_nobody_is_suspected(seed: int) -> None:
    """MW 41.1a: whom nobody has heard yet is not yet to be missed."""
    with SimCluster(seed, SPEC) as cluster:
        for process in cluster.processes.values():
            process.start()
        for _ in range(50):
            cluster.run_for(0.2)
            assert held(cluster) <= {MemberState.ALIVE}
        assert cluster.ready()
        for process in cluster.of_role(Role.MANAGER):
            assert process.life.metrics.total("workers_lost") == 0


def test_a_seed_that_never_answers_is_no_death_and_costs_no_job() -> None:
    """MW 41.1c, 41.4b: a manager that was never heard is not dead, it is unknown."""
    with SimCluster(3, SPEC) as cluster:
        for name, process in cluster.processes.items():
            if name != "north-m1":
                process.start()
        cluster.run_for(20.0)
        assert held(cluster) <= {MemberState.ALIVE}
        job = cluster.submit(ONE)
        cluster.run_for(5.0)
        assert job.state == "completed"
        for process in cluster.of_role(Role.GATE):
            live = process.node.managers.live("north")
            assert [view.name for view in live] == ["north-m2"]


def test_a_manager_that_is_first_is_confirmed_by_its_first_worker() -> None:
    """MW 41.1b: alone it has nobody; the first word of a worker is enough."""
    with SimCluster(4, SPEC) as cluster:
        cluster["north-m1"].start()
        cluster.run_for(5.0)
        assert cluster["north-m1"].node.state.seats == {}
        cluster["north-w1"].start()
        cluster.run_for(5.0)
        assert set(cluster["north-m1"].node.state.seats) == {"north-w1"}
        membership = cluster["north-m1"].life.membership
        assert membership is not None
        member = membership.member("north-w1")
        assert member is not None
        assert member.is_alive


def test_what_is_kept_of_a_node_does_not_grow_with_its_restarts() -> None:
    """MW 41.1e, 37.1a, 41.12c: one entry for each name, whatever it went through."""
    with SimCluster(5, msgspec.structs.replace(SPEC, membership="oracle")) as cluster:
        cluster.start()
        for _ in range(12):
            cluster["north-w1"].kill()
            cluster.run_for(0.5)
            cluster["north-w1"].start()
            cluster.run_for(1.5)
        cluster.run_for(5.0)
        assert cluster.ready()
        for process in cluster.of_role(Role.MANAGER):
            state = process.node.state
            assert state.seats["north-w1"].slots.instance == cluster["north-w1"].life.instance
            assert len(state.seats) == len(state.allocation.workers) == SPEC.workers
        job = cluster.submit(ONE)
        cluster.run_for(3.0)
        assert job.state == "completed"
