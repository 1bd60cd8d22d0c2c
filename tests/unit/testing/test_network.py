"""The simulated network under the transport that ships."""

from __future__ import annotations

import asyncio
import random

import msgspec
import pytest

from distributed.errors import ConnectError, RequestTimeout
from distributed.messages.admin import NodeStatus, ShowStatus
from distributed.testing.conditions import Latency
from distributed.testing.message_rules import MessageRule
from distributed.transport import Connection

from .conftest import SimNode, World

Pair = tuple[SimNode, SimNode, Connection]


async def status(connection: Connection, *, seconds: float) -> msgspec.Struct:
    """Ask on a host's own time: a request leaves as soon as it is made."""
    return await connection.request(ShowStatus(), timeout=seconds)


def test_a_request_crosses_and_its_reply_comes_back(world: World, pair: Pair) -> None:
    """GM 17.2a: between two nodes of one version."""
    a, b, connection = pair
    reply = world.run(a, status(connection, seconds=1.0))
    assert isinstance(reply, NodeStatus)
    assert reply.name == "b"
    assert b.served == 1


def test_distance_between_datacenters_is_paid_both_ways(world: World) -> None:
    a, b = world.node("a", "north"), world.node("b", "south")
    world.network.conditions.set_distance("north", "south", Latency(0.040))
    world.run(b, b.serve())
    connection = world.run(a, a.open(b))
    started = world.loop.time()
    world.run(a, status(connection, seconds=1.0))
    assert world.loop.time() - started == pytest.approx(0.080, abs=0.001)


def test_nobody_listening_is_a_refusal(world: World) -> None:
    a, b = world.node("a"), world.node("b")
    with pytest.raises(ConnectError, match="nothing listens"):
        world.run(a, a.open(b))


def test_a_connect_over_a_way_that_is_cut_ends_at_its_limit(world: World) -> None:
    """GM 20.2c: not before, not after, and another peer is reached meanwhile."""
    a, b, c = (world.node(name) for name in "abc")
    for node in (b, c):
        world.run(node, node.serve())
    world.network.cut([("a", "b")])
    started = world.loop.time()
    cut_off = world.loop.spawn(a.host, a.open(b, timeout=1.5))
    assert not world.run(a, a.open(c, timeout=1.5)).closed
    assert world.loop.time() - started < 0.1
    with pytest.raises(ConnectError, match=r"1\.5 s"):
        world.loop.run_until_complete(cut_off)
    assert world.loop.time() - started == pytest.approx(1.5, abs=0.01)


def test_a_thousand_connect_in_one_instant_and_leave_nothing_behind(world: World) -> None:
    """GM 29.2a, 29.2d: each is served, and each end forgets it when it closes."""
    a, b = world.node("a"), world.node("b")
    world.run(b, b.serve())

    async def crowd() -> int:
        connections = await asyncio.gather(*(a.open(b) for _ in range(1000)))
        replies = await asyncio.gather(*(c.request(ShowStatus(), timeout=5.0) for c in connections))
        held = world.network.open_connections(b.host)
        await asyncio.gather(*(c.close() for c in connections))
        return held if all(isinstance(reply, NodeStatus) for reply in replies) else 0

    assert world.run(a, crowd()) == 1000
    world.loop.run_for(1.0)
    assert b.served == 1000
    assert (world.network.open_connections(a.host), world.network.open_connections(b.host)) == (
        0,
        0,
    )
    assert not [name for name in b.supervisor.running if "connection" in name]


def test_a_cut_way_holds_what_was_sent_until_it_is_mended(world: World, pair: Pair) -> None:
    a, b, connection = pair
    world.network.cut([("a", "b")])
    asked = world.loop.spawn(a.host, status(connection, seconds=10.0))
    world.loop.run_for(5.0)
    assert b.served == 0
    world.network.mend([("a", "b")])
    world.loop.run_until_complete(asked)
    assert b.served == 1


def test_a_one_way_cut_loses_only_the_answers(world: World, pair: Pair) -> None:
    a, b, connection = pair
    world.network.cut([("b", "a")])
    with pytest.raises(RequestTimeout):
        world.run(a, status(connection, seconds=2.0))
    assert b.served == 1
    assert not connection.closed


def test_a_half_open_connection_is_found_by_keepalive(world: World, pair: Pair) -> None:
    _, b, connection = pair
    world.loop.kill(b.host)
    world.network.power_off(b.host)
    world.loop.run_for(60.0)
    assert connection.closed


def test_an_idle_connection_stays_open_while_the_peer_answers(world: World, pair: Pair) -> None:
    a, b, connection = pair
    world.loop.run_for(3600.0)
    assert not connection.closed
    assert world.run(a, status(connection, seconds=1.0))
    assert b.served == 1


def test_a_killed_process_resets_its_connections(world: World, pair: Pair) -> None:
    _, b, connection = pair
    world.loop.kill(b.host)
    world.network.process_died(b.host)
    world.loop.run_for(0.01)
    assert connection.closed


def test_a_dropped_reply_is_a_timeout_that_harms_nobody_else(world: World, pair: Pair) -> None:
    """earlier-membership 11.60."""
    a, _, connection = pair
    world.network.rules.add(MessageRule("NodeStatus", drop=True, times=1))
    with pytest.raises(RequestTimeout):
        world.run(a, status(connection, seconds=1.0))
    assert isinstance(world.run(a, status(connection, seconds=1.0)), NodeStatus)


def test_a_corrupted_stream_ends_its_connection_and_not_the_node(world: World, pair: Pair) -> None:
    a, b, connection = pair
    rule = world.network.rules.add(MessageRule(source="a", corrupt=True))

    async def ask_often() -> None:
        for _ in range(50):
            await connection.request(ShowStatus(), timeout=1.0)

    with pytest.raises((ConnectError, RequestTimeout)):
        world.run(a, ask_often())
    world.network.rules.remove(rule)
    again = world.run(a, a.open(b))
    assert isinstance(world.run(a, status(again, seconds=1.0)), NodeStatus)


def test_a_paused_peer_answers_late_and_a_connect_still_succeeds(world: World, pair: Pair) -> None:
    a, b, connection = pair
    world.loop.pause(b.host)
    asked = world.loop.spawn(a.host, status(connection, seconds=10.0))
    world.loop.run_for(4.0)
    assert not asked.done()
    world.loop.resume(b.host)
    world.loop.run_until_complete(asked)


def test_a_reader_that_stops_makes_the_writer_wait(world: World, pair: Pair) -> None:
    a, b, connection = pair
    world.loop.pause(b.host)
    incompressible = random.Random(1).randbytes(50_000).hex()

    async def flood() -> int:
        sent = 0
        try:
            async with asyncio.timeout(2.0):
                while True:
                    await connection.send(NodeStatus(incompressible, "", "", 0.0, ""))
                    await asyncio.sleep(0)
                    sent += 1
        except TimeoutError:
            return sent

    assert 10 < world.run(a, flood()) < 1000


def _digest(seed: int) -> str:
    world = World(seed)
    a, b = world.node("a", "north"), world.node("b", "south")
    world.run(b, b.serve())
    connection = world.run(a, a.open(b))
    for _ in range(20):
        world.run(a, status(connection, seconds=1.0))
    digest = world.trace.digest()
    world.loop.close()
    return digest


def test_a_seed_gives_its_trace_again_and_another_seed_another() -> None:
    assert _digest(5) == _digest(5)
    assert _digest(5) != _digest(6)
