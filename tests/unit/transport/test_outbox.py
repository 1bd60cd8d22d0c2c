"""Frames leave once a turn; those that nobody waits for leave behind others, or a little later."""

from __future__ import annotations

import asyncio

import pytest

from distributed.transport.frames import FrameDecoder, Kind
from distributed.transport.outbox import UNHURRIED_SECONDS, Outbox
from distributed.transport.turn import Turn


class Socket:
    """Keeps the bodies of each write."""

    def __init__(self) -> None:
        self.writes: list[list[bytes]] = []
        self._decoder = FrameDecoder(1 << 20)

    def write(self, data: bytes) -> None:
        self.writes.append([body for _, _, _, body in self._decoder.feed(data)])


@pytest.fixture
def socket() -> Socket:
    return Socket()


@pytest.fixture
def turn() -> Turn:
    return Turn()


@pytest.fixture
async def outbox(socket: Socket, turn: Turn) -> Outbox:
    loop = asyncio.get_running_loop()
    return Outbox(loop, turn, socket.write, limit_bytes=1000, compress_bytes=1 << 20)


def put(outbox: Outbox, *bodies: bytes, unhurried: bool = False) -> None:
    for body in bodies:
        outbox.put(Kind.NOTICE, 0, 0, body, unhurried=unhurried)


async def test_what_is_put_in_one_turn_leaves_in_one_write(socket: Socket, outbox: Outbox) -> None:
    put(outbox, b"one", b"two")
    assert socket.writes == []
    await asyncio.sleep(0)
    assert socket.writes == [[b"one", b"two"]]


async def test_what_a_read_gives_rise_to_leaves_at_its_end(
    socket: Socket, outbox: Outbox, turn: Turn
) -> None:
    with turn:
        put(outbox, b"one")
        put(outbox, b"two")
        assert socket.writes == []
    assert socket.writes == [[b"one", b"two"]]


async def test_an_unhurried_frame_leaves_behind_the_next_one(
    socket: Socket, outbox: Outbox
) -> None:
    put(outbox, b"recorded", unhurried=True)
    await asyncio.sleep(0)
    assert socket.writes == []
    put(outbox, b"work")
    await asyncio.sleep(0)
    assert socket.writes == [[b"work", b"recorded"]]


async def test_an_unhurried_frame_leaves_alone_where_nothing_follows(
    socket: Socket, outbox: Outbox
) -> None:
    put(outbox, b"recorded", unhurried=True)
    put(outbox, b"dropped", unhurried=True)
    while not socket.writes:
        await asyncio.sleep(UNHURRIED_SECONDS)
    assert socket.writes == [[b"recorded", b"dropped"]]


async def test_unhurried_frames_count_for_the_bound(outbox: Outbox) -> None:
    put(outbox, b"x" * 2000, unhurried=True)
    assert outbox.full


async def test_nothing_is_written_once_the_outbox_closed(socket: Socket, outbox: Outbox) -> None:
    put(outbox, b"recorded", unhurried=True)
    put(outbox, b"work")
    outbox.close()
    await asyncio.sleep(3 * UNHURRIED_SECONDS)
    assert socket.writes == []
