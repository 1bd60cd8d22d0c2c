"""What one connection may make a node hold, and what happens at each bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

import pytest

from distributed.errors import PeerIdentityError, PeerRefused
from distributed.messages.admin import ShowStatus
from distributed.messages.base import Done
from distributed.messages.submission import FetchResult, JobPending
from distributed.transport import Context
from distributed.transport.connection import TcpConnection
from distributed.transport.endpoint import Limits
from distributed.types import Address, Role

from .conftest import Node

Make = Callable[..., Node]
SMALL = Limits(send_buffer_bytes=64 * 1024, compress_bytes=1 << 30)
LONG = "x" * 32 * 1024


def large(_: Context, message: FetchResult) -> JobPending:
    return JobPending(message.job_id, LONG)


async def connected(client: Node, address: Address) -> TcpConnection:
    connection = await client.connect(address)
    assert isinstance(connection, TcpConnection)
    return connection


def stop_reading(connection: TcpConnection) -> None:
    assert connection._transport is not None
    connection._transport.pause_reading()


async def ask_without_reading(
    connection: TcpConnection, until: Callable[[], bool], *, at_once: int = 1
) -> None:
    """Put requests on the wire, so many each turn, whatever comes back."""
    for number in count():
        if until():
            return
        asking = asyncio.ensure_future(connection.request(FetchResult(f"j{number}"), timeout=60.0))
        asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        if number % at_once == 0:
            await asyncio.sleep(0.001)


async def test_a_client_that_asks_and_does_not_read_is_disconnected_and_others_are_served(
    make_node: Make,
) -> None:
    server = make_node("server", limits=SMALL)
    rude, polite = make_node("rude", Role.CLIENT), make_node("polite", Role.CLIENT)
    address = await server.listen({FetchResult: large, ShowStatus: lambda *_: Done()})
    connection = await connected(rude, address)
    stop_reading(connection)
    held: list[int] = []
    assert server.listener is not None
    (accepted,) = server.listener._connections

    def broken() -> bool:
        assert accepted._outbox is not None
        held.append(accepted._outbox.owed)
        return bool(server.metrics.total("connections_broken"))

    await ask_without_reading(connection, broken, at_once=50)
    assert max(held) <= 4 * SMALL.send_buffer_bytes + len(LONG)
    assert "answers unread" in accepted._closing
    other = await polite.connect(address)
    assert await other.request(ShowStatus(), timeout=5.0) == Done()


async def test_a_client_that_reads_late_is_told_to_come_back_and_keeps_its_connection(
    make_node: Make,
) -> None:
    server = make_node("server", limits=SMALL)
    client = make_node("client", Role.CLIENT)
    address = await server.listen({FetchResult: large})
    connection = await connected(client, address)
    stop_reading(connection)
    assert server.listener is not None
    (accepted,) = server.listener._connections
    await ask_without_reading(connection, accepted._owes)
    refused = asyncio.ensure_future(connection.request(FetchResult("late"), timeout=60.0))
    await asyncio.sleep(0.05)
    assert connection._transport is not None
    connection._transport.resume_reading()
    with pytest.raises(PeerRefused, match="answers are not read") as caught:
        await refused
    assert caught.value.code == "overloaded"
    assert caught.value.retry_after_seconds
    assert (await connection.request(FetchResult("now"), timeout=60.0)) == JobPending("now", LONG)


@pytest.mark.parametrize(("role", "served"), [(Role.CLIENT, 3), (Role.MANAGER, 6)])
async def test_requests_of_a_client_wait_at_its_bound_and_those_of_a_node_do_not(
    make_node: Make, role: Role, served: int
) -> None:
    """What a manager reports of itself must not wait behind results that the ledger is slow for."""
    limits = Limits(requests_in_progress=3)
    server, client = make_node("server", limits=limits), make_node("client", role)
    begun: list[str] = []
    release = asyncio.Event()

    async def slow(_: Context, message: FetchResult) -> JobPending:
        begun.append(message.job_id)
        await release.wait()
        return JobPending(message.job_id, "running")

    connection = await connected(client, await server.listen({FetchResult: slow}))
    asking = []
    for number in range(6):
        asking.append(
            asyncio.ensure_future(connection.request(FetchResult(f"j{number}"), timeout=60.0))
        )
        await asyncio.sleep(0.01)
    assert len(begun) == served
    release.set()
    await asyncio.gather(*asking)
    assert len(begun) == 6


async def test_one_client_too_many_is_sent_to_another_gate_and_a_node_is_let_in(
    make_node: Make,
) -> None:
    server = make_node("server", limits=Limits(clients=1))
    address = await server.listen({ShowStatus: lambda *_: Done()})
    first = await make_node("c1", Role.CLIENT).connect(address)
    with pytest.raises(PeerIdentityError, match="1 clients are connected here"):
        await make_node("c2", Role.CLIENT).connect(address)
    manager = await make_node("m1", Role.MANAGER).connect(address)
    assert await manager.request(ShowStatus(), timeout=5.0) == Done()
    await first.close()
    third = await make_node("c3", Role.CLIENT).connect(address)
    assert await third.request(ShowStatus(), timeout=5.0) == Done()


async def test_of_too_many_that_do_not_greet_the_oldest_goes(make_node: Make) -> None:
    server = make_node("server", limits=Limits(strangers=2))
    address = await server.listen({ShowStatus: lambda *_: Done()})
    host, port = address.rsplit(":", 1)
    readers = [(await asyncio.open_connection(host, int(port))) for _ in range(3)]
    assert b"without a greeting" in await readers[0][0].read()
    client = await make_node("c1", Role.CLIENT).connect(address)
    assert await client.request(ShowStatus(), timeout=5.0) == Done()
    for _, writer in readers:
        writer.close()
