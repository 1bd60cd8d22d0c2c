"""The pool of connections: shared, left alone after failures, bounded."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
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
        made: Any = SimpleNamespace(closed=False, peer=address)
        return made  # type: ignore[no-any-return]


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
