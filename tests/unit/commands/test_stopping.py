"""Who asks a node to stop decides whether it may finish what runs."""

from __future__ import annotations

import asyncio
import os
import random
import signal

from distributed.clock import SystemClock
from distributed.commands.stopping import StopAsked
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics


def supervisor() -> Supervisor:
    return Supervisor(
        SystemClock(), random.Random(1), node_logger("worker", "w"), CountingMetrics()
    )


class Work:
    """Something that takes until it is let go."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.asked_seconds = 0.0
        self.finished = False

    async def drain(self, seconds: float) -> bool:
        self.asked_seconds = seconds
        await self.left.wait()
        self.finished = True
        return True


async def test_sigterm_lets_work_finish_within_the_grace() -> None:
    stop, work = StopAsked(), Work()
    stop.on_signals()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await stop.reason == "received SIGTERM"
    asyncio.get_running_loop().call_later(0.05, work.left.set)
    await stop.grace(work.drain, 30.0, supervisor())
    assert (work.asked_seconds, work.finished) == (30.0, True)


async def test_sigint_ends_at_once() -> None:
    stop, work = StopAsked(), Work()
    stop.on_signals()
    os.kill(os.getpid(), signal.SIGINT)
    assert await stop.reason == "received SIGINT"
    await stop.grace(work.drain, 30.0, supervisor())
    assert work.asked_seconds == 0.0


async def test_a_second_request_cuts_the_grace_short() -> None:
    stop, work = StopAsked(), Work()
    stop.ask("first", at_once=False)
    asyncio.get_running_loop().call_later(0.05, stop.ask, "second")
    await stop.grace(work.drain, 3600.0, supervisor())
    assert (await stop.reason, work.finished) == ("first", False)


async def test_a_failed_drain_does_not_keep_the_node() -> None:
    async def broken(_: float) -> bool:
        raise OSError("no")

    stop = StopAsked()
    stop.ask("first", at_once=False)
    await stop.grace(broken, 3600.0, supervisor())
    assert not stop.at_once.done()
