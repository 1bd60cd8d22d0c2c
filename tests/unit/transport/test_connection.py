"""Requests find their own replies, ends are told, and garbage ends one connection only."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable

import pytest

from distributed.errors import (
    ConnectError,
    FrameError,
    PeerIdentityError,
    PeerRefused,
    RequestTimeout,
)
from distributed.messages.admin import ShowStatus
from distributed.messages.base import Done, Gone
from distributed.messages.submission import FetchResult, JobPending
from distributed.transport import Context
from distributed.transport.endpoint import Limits
from distributed.types import Role

from .conftest import Node

Make = Callable[..., Node]


async def pending(_: Context, message: FetchResult) -> JobPending:
    return JobPending(message.job_id, "running")


async def test_each_call_gets_its_own_reply_whatever_the_order(make_node: Make) -> None:
    """earlier-membership 11.60: concurrent calls to one peer get their own answers."""
    server, client = make_node("server"), make_node("client")

    async def slow_first(_: Context, message: FetchResult) -> JobPending:
        await asyncio.sleep(0.05 if message.job_id == "j0" else 0)
        return JobPending(message.job_id, "running")

    connection = await client.connect(await server.listen({FetchResult: slow_first}))
    replies = await asyncio.gather(
        *(connection.request(FetchResult(f"j{n}"), timeout=5.0) for n in range(50))
    )
    assert [reply.job_id for reply in replies] == [f"j{n}" for n in range(50)]


async def test_one_timeout_harms_no_other_call_and_the_late_reply_is_dropped(
    make_node: Make,
) -> None:
    """earlier-membership 11.60: a late answer is discarded; one timeout breaks nothing else."""
    server, client = make_node("server"), make_node("client")
    release = asyncio.Event()

    async def held(_: Context, message: FetchResult) -> JobPending:
        if message.job_id == "held":
            await release.wait()
        return JobPending(message.job_id, "running")

    connection = await client.connect(await server.listen({FetchResult: held}))
    with pytest.raises(RequestTimeout, match="FetchResult"):
        await connection.request(FetchResult("held"), timeout=0.05)
    release.set()
    reply = await connection.request(FetchResult("other"), timeout=5.0)
    assert reply == JobPending("other", "running")
    while not client.metrics.total("replies_late"):
        await connection.request(FetchResult("other"), timeout=5.0)


async def test_a_plain_handler_answers_in_order_of_arrival(make_node: Make) -> None:
    server, client = make_node("server"), make_node("client")
    seen: list[str] = []

    def note(_: Context, message: FetchResult) -> Done:
        seen.append(message.job_id)
        return Done()

    connection = await client.connect(await server.listen({FetchResult: note}))
    for number in range(20):
        await connection.send(FetchResult(str(number)))
    assert await connection.request(FetchResult("last"), timeout=5.0) == Done()
    assert seen == [*map(str, range(20)), "last"]


async def test_both_ends_may_ask(make_node: Make) -> None:
    server, client = make_node("server"), make_node("client")

    async def ask_back(context: Context, message: FetchResult) -> JobPending:
        back = await context.connection.request(FetchResult("back"), timeout=5.0)
        assert isinstance(back, Gone)
        return JobPending(message.job_id, "asked")

    address = await server.listen({FetchResult: ask_back})
    connection = await client.connect(address, {FetchResult: lambda _, m: Gone(m.job_id)})
    assert await connection.request(FetchResult("j"), timeout=5.0) == JobPending("j", "asked")


async def test_a_handler_that_raises_is_answered_and_logged_and_the_node_goes_on(
    make_node: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """MW 20.1c, GM 20.1a, 20.1b: the error stays with the call that met it."""
    server, client = make_node("server"), make_node("client")

    async def broken(_: Context, message: FetchResult) -> JobPending:
        if message.job_id == "bad":
            raise ValueError("no such thing")
        return JobPending(message.job_id, "running")

    connection = await client.connect(await server.listen({FetchResult: broken}))
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(PeerRefused, match="no such thing") as caught,
    ):
        await connection.request(FetchResult("bad"), timeout=5.0)
    assert caught.value.code == "failed"
    assert caplog.records[0].peer == "client"
    assert await connection.request(FetchResult("good"), timeout=5.0)


async def test_a_message_nobody_handles_is_refused_by_name(make_node: Make) -> None:
    """GM 17.2d: what a peer cannot do is told, and its connection stays."""
    server, client = make_node("server"), make_node("client")
    connection = await client.connect(await server.listen({}))
    with pytest.raises(PeerRefused, match="does not handle FetchResult") as caught:
        await connection.request(FetchResult("j"), timeout=5.0)
    assert caught.value.code == "unhandled"


async def test_open_calls_fail_when_the_connection_ends(make_node: Make) -> None:
    server, client = make_node("server"), make_node("client")

    async def never(context: Context, _: FetchResult) -> Done:
        await context.connection.close("had enough")
        return Done()

    connection = await client.connect(await server.listen({FetchResult: never}))
    ended: list[str] = []
    connection.on_close(ended.append)
    with pytest.raises(ConnectError, match="had enough"):
        await connection.request(FetchResult("j"), timeout=5.0)
    assert len(ended) == 1
    with pytest.raises(ConnectError):
        await connection.send(FetchResult("j"))
    assert connection.try_send(FetchResult("j")) is False


async def test_a_request_that_cannot_be_sent_fails_for_whoever_awaits_its_answer(
    make_node: Make,
) -> None:
    """It is sent where it is made: what goes wrong there must not strike whoever makes it."""
    server, client = make_node("server"), make_node("client", limits=Limits(max_frame_bytes=4096))
    connection = await client.connect(await server.listen({FetchResult: pending}))
    too_large = connection.request(FetchResult("x" * 8192), timeout=5.0)
    with pytest.raises(FrameError, match="a frame holds"):
        await too_large
    await connection.close("enough")
    too_late = connection.request(FetchResult("j"), timeout=5.0)
    with pytest.raises(ConnectError, match="has ended"):
        await too_late


async def test_what_was_in_no_hurry_is_sent_before_the_goodbye(make_node: Make) -> None:
    server, client = make_node("server"), make_node("client")
    heard: list[str] = []
    address = await server.listen({FetchResult: lambda _, message: heard.append(message.job_id)})
    connection = await client.connect(address)
    assert connection.try_send(FetchResult("j1"), unhurried=True)
    assert connection.try_send(FetchResult("j2"))
    await connection.close("enough")
    async with asyncio.timeout(5.0):
        while len(heard) < 2:
            await asyncio.sleep(0.001)
    assert heard == ["j2", "j1"]


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, struct.pack("<I", 2**31) + b"x" * 60, b"\x00" * 40],
    ids=["http", "ones", "oversized", "zeros"],
)
async def test_garbage_closes_its_connection_with_a_reason_and_no_other(
    make_node: Make, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    """GM 20.3a: what cannot be framed ends its own connection, with a reason, and no other."""
    server, client = make_node("server"), make_node("client")
    address = await server.listen({FetchResult: pending})
    good = await client.connect(address)
    host, _, port = address.rpartition(":")
    with caplog.at_level(logging.WARNING):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(garbage)
        writer.write_eof()
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert "closing the connection" in caplog.text
    assert await good.request(FetchResult("j"), timeout=5.0)


async def test_a_silent_connection_is_closed_after_its_greeting_time(
    make_node: Make, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_node("server", limits=Limits(greeting_seconds=0.05))
    host, _, port = (await server.listen({})).rpartition(":")
    with caplog.at_level(logging.WARNING):
        reader, writer = await asyncio.open_connection(host, int(port))
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert "no greeting came" in caplog.text


async def test_a_half_open_connection_is_noticed_by_its_silence(make_node: Make) -> None:
    limits = Limits(keepalive_seconds=0.02, silence_seconds=0.1)
    server, client = make_node("server"), make_node("client", limits=limits)
    address = await server.listen({FetchResult: pending})
    connection = await client.connect(address)
    assert server.listener is not None
    for accepted in server.listener._connections:
        accepted._transport.pause_reading()  # type: ignore[union-attr]
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    connection.on_close(ended.set_result)
    assert "nothing heard" in await ended


async def test_another_cluster_is_refused_with_a_sentence(make_node: Make) -> None:
    """MW 41.23a."""
    server, client = make_node("server", cluster="blue"), make_node("client", cluster="green")
    with pytest.raises(PeerIdentityError, match="this is cluster 'blue', client is of 'green'"):
        await client.connect(await server.listen({}))


async def test_nobody_there_is_a_sentence(make_node: Make) -> None:
    server, client = make_node("server"), make_node("client")
    address = await server.listen({})
    await server.stop()
    with pytest.raises(ConnectError, match=r"nothing listens at .*; is the node running\?"):
        await client.connect(address)


async def test_a_slow_reader_fills_the_outbox_and_then_frees_it(make_node: Make) -> None:
    """MW 41.27c."""
    limits = Limits(send_buffer_bytes=64 * 1024)
    server, client = make_node("server"), make_node("client", limits=limits)
    got = 0

    def note(_: Context, message: FetchResult) -> None:
        nonlocal got
        got += 1

    connection = await client.connect(
        await server.listen({FetchResult: note, ShowStatus: lambda *_: Done()})
    )
    sent = 0
    while connection.try_send(FetchResult("x" * 1000)):
        sent += 1
    assert sent < 1000
    await connection.send(FetchResult("after"))
    assert await connection.request(ShowStatus(), timeout=5.0) == Done()
    assert got == sent + 1


async def test_a_message_that_no_frame_can_hold_is_refused_here_and_harms_nobody(
    make_node: Make,
) -> None:
    """MW 38.1a-b, 38.1d: there, back, and as a notice; the connection stays."""
    limits = Limits(max_frame_bytes=10_000)
    server = make_node("server", limits=limits)
    client = make_node("client", Role.CLIENT, limits=limits)
    long = JobPending("j-1", "x" * 20_000)

    def answer(_: Context, message: FetchResult) -> JobPending:
        return long if message.job_id == "long" else JobPending(message.job_id, "running")

    address = await server.listen({FetchResult: answer})
    connection = await client.connect(address)
    with pytest.raises(FrameError, match="JobPending has 20"):
        await connection.request(long, timeout=5.0)
    with pytest.raises(FrameError):
        await connection.send(long)
    assert connection.try_send(long) is False
    with pytest.raises(PeerRefused, match="a frame holds") as refused:
        await connection.request(FetchResult("long"), timeout=5.0)
    assert refused.value.code == "too_large"
    assert await connection.request(FetchResult("short"), timeout=5.0) == JobPending(
        "short", "running"
    )
