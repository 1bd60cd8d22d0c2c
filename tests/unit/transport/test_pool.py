"""The pool of connections: shared, left alone after failures, bounded."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from distributed.errors import ConnectError
from distributed.transport.interface import Connection, Handlers, Identity
from distributed.transport.pool import ConnectionPool
from distributed.types import Address, Role

PEER = Address("10.0.0.1:7000")


class HandClock:
    """Time as the test says."""

    seconds = 100.0

    def now(self) -> float:
        return self.seconds


class Wire:
    """A connection that does nothing but stand, until the test ends it."""

    def __init__(self, peer: Identity, address: str) -> None:
        self.peer, self.address, self.closed = peer, address, False
        self._callbacks: list[Callable[[str], None]] = []

    def on_close(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)

    def end(self) -> None:
        self.closed = True
        for callback in self._callbacks:
            callback("ended by the test")


class Wires:
    """Opens connections, or fails, as the test says; counts the attempts."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.attempts: list[tuple[Address, float]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def connect(
        self, address: Address, _handlers: Handlers, _identity: Identity, *, timeout: float
    ) -> Connection:
        self.attempts.append((address, timeout))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Wire(Identity(Role.MANAGER, "m", "north", "m-1"), address)  # type: ignore[return-value]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wires() -> Wires:
    return Wires()


def pool(wires: Wires, clock: HandClock, **options: Any) -> ConnectionPool:
    identity = Identity(Role.GATE, "g", "north", "g-1")
    return ConnectionPool(wires, {}, identity, clock, **options)  # type: ignore[arg-type]


async def test_first_uses_at_once_share_one_attempt(wires: Wires, clock: HandClock) -> None:
    shared = pool(wires, clock)
    wires.gate.clear()
    asking = [asyncio.ensure_future(shared.connection(PEER)) for _ in range(20)]
    await asyncio.sleep(0)
    wires.gate.set()
    assert len({id(connection) for connection in await asyncio.gather(*asking)}) == 1
    assert len(wires.attempts) == 1


async def test_an_address_that_fails_is_left_alone_twice_as_long_each_time_and_then_tried_again(
    wires: Wires, clock: HandClock
) -> None:
    """GM 20.2a: a failed connect is tried again, and not by everyone at once."""
    careful = pool(wires, clock, first_pause_seconds=0.5, longest_pause_seconds=2.0)
    wires.error = ConnectError("refused", peer=PEER)
    for number, pause in enumerate((0.5, 1.0, 2.0, 2.0), start=1):
        with pytest.raises(ConnectError, match="refused"):
            await careful.connection(PEER)
        clock.seconds += pause - 0.01
        for _ in range(5):
            with pytest.raises(ConnectError, match=f"failed {number} times in a row"):
                await careful.connection(PEER)
        assert len(wires.attempts) == number
        clock.seconds += 0.02
    wires.error = None
    assert not (await careful.connection(PEER)).closed
    wires.error = ConnectError("refused", peer=PEER)
    (await careful.connection(PEER)).closed = True  # type: ignore[misc]
    with pytest.raises(ConnectError, match="refused"):
        await careful.connection(PEER)
    with pytest.raises(ConnectError, match=r"failed 1 times in a row .* 0\.50 s"):
        await careful.connection(PEER)


async def test_dead_peers_leave_the_table_when_others_need_the_room(
    wires: Wires, clock: HandClock
) -> None:
    """P4c: what is known of failures is bounded, and open connections are never dropped."""
    small = pool(wires, clock, capacity=8)
    living = await small.connection(PEER)
    wires.error = ConnectError("refused", peer=PEER)
    for number in range(100):
        with pytest.raises(ConnectError):
            await small.connection(Address(f"10.0.1.{number}:7000"))
        assert len(small._entries) <= 8
    assert small.opened(PEER) is living


def from_peer(instance: str = "m-1", *, remote: str = "10.0.0.1:51234", address: str = PEER) -> Any:
    """A connection that a peer opened, from a port of its choosing."""
    return Wire(Identity(Role.MANAGER, "m", "north", instance, address), remote)


async def test_a_peer_that_connected_is_reached_on_its_connection(
    wires: Wires, clock: HandClock
) -> None:
    shared = pool(wires, clock)
    theirs = from_peer()
    shared.accepted(theirs)
    assert await shared.connection(PEER) is theirs
    assert shared.stands(PEER)
    theirs.end()
    assert await shared.connection(PEER) is not theirs
    assert len(wires.attempts) == 1


async def test_a_peer_that_failed_and_then_connected_is_reached_at_once(
    wires: Wires, clock: HandClock
) -> None:
    shared = pool(wires, clock)
    wires.error = ConnectError("refused", peer=PEER)
    with pytest.raises(ConnectError):
        await shared.connection(PEER)
    shared.accepted(from_peer())
    assert not (await shared.connection(PEER)).closed


@pytest.mark.parametrize(
    "claimed",
    [
        pytest.param({"address": ""}, id="one that listens nowhere"),
        pytest.param({"remote": "10.0.0.66:51234"}, id="one on another host than it claims"),
    ],
)
async def test_who_connected_is_not_taken_for_an_address_that_cannot_be_its_own(
    wires: Wires, clock: HandClock, claimed: dict[str, str]
) -> None:
    shared = pool(wires, clock)
    shared.accepted(from_peer(**claimed))
    assert shared.opened(PEER) is None
    await shared.connection(PEER)
    assert len(wires.attempts) == 1


@pytest.mark.parametrize(("instance", "chosen"), [("a-1", "theirs"), ("z-1", "ours")])
async def test_where_both_connected_both_choose_the_same_connection(
    wires: Wires, clock: HandClock, instance: str, chosen: str
) -> None:
    """The one of the lower instance: this pool's is g-1."""
    shared = pool(wires, clock)
    ours: Any = await shared.connection(PEER)
    ours.peer = Identity(Role.MANAGER, "m", "north", instance)
    theirs = from_peer(instance)
    shared.accepted(theirs)
    assert await shared.connection(PEER) is (ours if chosen == "ours" else theirs)
    (ours if chosen == "ours" else theirs).closed = True
    assert await shared.connection(PEER) is (theirs if chosen == "ours" else ours)
    assert len(wires.attempts) == 1


async def test_of_two_processes_that_had_the_address_the_later_is_meant(
    wires: Wires, clock: HandClock
) -> None:
    """A machine lost its power: the connection to what ran there stands for a while."""
    shared = pool(wires, clock)
    await shared.connection(PEER)
    restarted = from_peer("m-2")
    shared.accepted(restarted)
    assert await shared.connection(PEER) is restarted


async def test_a_connection_that_ended_is_held_by_nobody(wires: Wires, clock: HandClock) -> None:
    shared = pool(wires, clock)
    theirs = from_peer()
    ended = weakref.ref(theirs)
    shared.accepted(theirs)
    theirs.end()
    theirs._callbacks.clear()
    del theirs
    gc.collect()
    assert ended() is None
