"""Membership, work and ledger under virtual time."""

from __future__ import annotations

import msgspec
import pytest

from distributed.errors import LedgerUnavailable
from distributed.execution.frames import Finished
from distributed.execution.interface import Event
from distributed.ledger import Created, NewJob, SqlLedger
from distributed.membership.member import MemberState
from distributed.messages.dispatch import Assignment
from distributed.testing.guards import no_real_world
from distributed.testing.ledger_faults import SharedDatabase
from distributed.testing.membership_core import CoreGroup, CoreMembership
from distributed.testing.membership_oracle import OracleGroup, OracleMembership
from distributed.testing.simulated_work import (
    Outcome,
    Script,
    SimulatedExecutor,
    WorkEvent,
    workflow,
)
from distributed.testing.virtual_host import VirtualHost

from .conftest import World


class TestOracleMembership:
    """Who is there follows who can be reached, after a fixed delay."""

    @staticmethod
    def group(world: World, *names: str) -> dict[str, OracleMembership]:
        oracle = OracleGroup(world.network)
        return {
            name: oracle.join(world.node(name).host, name, f"{name}:1", {"role": "manager"})
            for name in names
        }

    def test_everybody_hears_of_everybody(self, world: World) -> None:
        members = self.group(world, "a", "b", "c")
        world.loop.run_for(1.0)
        assert {member.name for member in members["b"].members()} == {"a", "b", "c"}
        assert members["a"].local.name == "a"

    def test_a_killed_member_is_suspected_and_then_dead(self, world: World) -> None:
        members = self.group(world, "a", "b", "c")
        events = members["a"].events()
        world.loop.run_for(1.0)
        world.loop.kill(members["b"].host)
        world.loop.run_for(10.0)

        async def kinds() -> list[tuple[str, str]]:
            members["a"].finish()
            return [(event.kind, event.member.name) async for event in events]

        assert ("suspected", "b") in (seen := world.loop.run_until_complete(kinds()))
        assert seen[-1] == ("died", "b")

    def test_a_cut_between_two_is_bridged_by_a_third(self, world: World) -> None:
        members = self.group(world, "a", "b", "c")
        world.loop.run_for(1.0)
        world.network.cut([("a", "b"), ("b", "a")])
        world.loop.run_for(20.0)
        assert all(member.is_alive for member in members["a"].members())


class TestCoreMembership:
    """The detector that ships, driven by virtual time."""

    @staticmethod
    def group(world: World, size: int) -> list[CoreMembership]:
        group = CoreGroup(world.network)
        members = []
        for index in range(size):
            node = world.node(f"n{index}")
            agent = VirtualHost(node.host.name, datacenter="north", ip=node.host.ip)
            address = f"{node.host.ip}:7946"
            members.append(group.join(node.host, agent, f"n{index}", address, {"role": "worker"}))
        return members

    def test_a_group_converges_and_a_death_is_known_to_all(self, world: World) -> None:
        members = self.group(world, 8)
        world.loop.run_for(20.0)
        for member in members:
            assert {known.name for known in member.members()} == {f"n{i}" for i in range(8)}
            assert all(known.is_alive for known in member.members())
            assert member.members()[1].meta == {"role": "worker"}
        dead = members[3]
        for host in (dead.host, dead.agent):
            world.loop.kill(host)
        world.network.power_off(dead.agent)
        world.loop.run_for(60.0)
        for member in members:
            if member is not dead:
                assert not member.member("n3").is_alive  # type: ignore[union-attr]
                assert sum(known.is_alive for known in member.members()) == 7

    def test_a_goodbye_is_no_failure(self, world: World) -> None:
        members = self.group(world, 5)
        world.loop.run_for(20.0)
        world.loop.run_until_complete(world.loop.spawn(members[2].host, members[2].leave()))
        world.loop.run_for(5.0)
        left = members[0].member("n2")
        assert left is not None
        assert left.state is MemberState.LEFT


class TestSimulatedWork:
    """Simulated workflows obey the executor's contract."""

    def test_cores_are_bound_and_freed(self, world: World) -> None:
        seen: list[WorkEvent] = []
        events: list[Event] = []
        executor = SimulatedExecutor("w", 2, seen.append)

        async def run() -> None:
            for index in range(3):
                script = Script(seconds=1.0, steps=2)
                executor.start(
                    Assignment("job", 1, f"d{index}", 1, workflow(f"f{index}", script)),
                    events.append,
                )

        world.loop.run_until_complete(run())
        world.loop.run_for(0.5)
        assert executor.free_slots == 0
        assert executor.waiting == 1
        world.loop.run_for(5.0)
        assert executor.free_slots == 2
        finished = [event for event in events if isinstance(event, Finished)]
        assert [event.state for event in finished] == ["completed"] * 3
        outcome = msgspec.msgpack.decode(finished[0].value, type=Outcome)
        assert outcome.workflow == "f0"


class TestSharedDatabase:
    """The real ledger, with faults."""

    @staticmethod
    async def create(ledger: SqlLedger) -> Created:
        return await ledger.create(NewJob("job", "key", b"digest", "name", "g1", b"payload"))

    def test_two_gates_share_one_truth(self, world: World) -> None:
        database = SharedDatabase(world.loop)
        one, two = world.node("g1"), world.node("g2")
        first = database.ledger(one.host, one.clock)
        second = database.ledger(two.host, two.clock)
        with no_real_world(world.loop):
            world.run(one, first.start())
            world.loop.spawn(one.host, first.serve())
            created = world.run(one, self.create(first))
            lease = world.run(two, second.lease("job"))
        assert created.epoch == 1
        assert lease is not None
        assert lease.owner == "g1"

    def test_an_unreachable_database_refuses_and_stores_nothing(self, world: World) -> None:
        database = SharedDatabase(world.loop)
        one = world.node("g1")
        ledger = database.ledger(one.host, one.clock)
        world.run(one, ledger.start())
        world.loop.spawn(one.host, ledger.serve())
        database.unreachable.add("g1")
        with pytest.raises(LedgerUnavailable):
            world.run(one, self.create(ledger))
        database.unreachable.clear()
        assert world.run(one, ledger.head("job")) is None
