"""What runs inside Ray: the task that runs one attempt, and the mailbox between both sides."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from threading import Event, Lock, Thread
from typing import Any

import msgspec

from . import frames
from .capture import CapturedText, LineBuffer
from .runner import Runner

TICK_SECONDS = 0.1
PENDING_BATCHES = 10_000


class Mailbox:
    """An actor: messages of tasks on their way out, stops on their way in.

    Bounded: past `PENDING_BATCHES` the oldest batch is dropped; what is lost is progress or
    output, never an outcome, which travels as the task's own result.
    """

    def __init__(self) -> None:
        self._out: deque[bytes] = deque(maxlen=PENDING_BATCHES)
        self._news = asyncio.Event()
        self._total = 0
        self._stops: dict[str, asyncio.Future[str]] = {}

    async def put(self, batch: bytes) -> None:
        """A task says something."""
        self._out.append(batch)
        self._total += 1
        self._news.set()

    async def wait(self) -> tuple[int, list[bytes]]:
        """What was said, once there is something, and how many batches came in all."""
        await self._news.wait()
        batch = list(self._out)
        self._out.clear()
        self._news.clear()
        return self._total, batch

    async def total(self) -> int:
        """How many batches came in all, those still here too."""
        return self._total

    async def stop(self, dispatch_id: str, reason: str) -> None:
        """Tell a task to stop."""
        stop = self._stop(dispatch_id)
        if not stop.done():
            stop.set_result(reason)

    async def stopped(self, dispatch_id: str) -> str:
        """Wait for the stop of a task; "" where it ended first."""
        try:
            return await asyncio.shield(self._stop(dispatch_id))
        finally:
            self._stops.pop(dispatch_id, None)

    async def ended(self, dispatch_id: str) -> None:
        """A task has ended: nobody waits for its stop any more."""
        stop = self._stops.pop(dispatch_id, None)
        if stop is not None and not stop.done():
            stop.set_result("")

    def _stop(self, dispatch_id: str) -> asyncio.Future[str]:
        if dispatch_id not in self._stops:
            self._stops[dispatch_id] = asyncio.get_running_loop().create_future()
        return self._stops[dispatch_id]


def run_attempt(encoded: bytes, mailbox: Any) -> bytes:
    """Run one attempt in this Ray worker and return its encoded `Finished`."""
    import ray

    run = msgspec.msgpack.decode(encoded, type=frames.Run)
    sent: list[Any] = []
    turn = Lock()

    def send(*messages: frames.FromChild) -> None:
        """One at a time: an actor takes calls that are under way together in any order."""
        body = frames.encode(list(messages))[frames.LENGTH.size :]
        with turn:
            if sent:
                ray.wait(sent)
            sent[:] = [mailbox.put.remote(body)]

    def wrote(stream: str, lines: tuple[str, ...], dropped: int) -> None:
        send(frames.Output(run.dispatch_id, stream, lines, dropped))

    streams = {name: LineBuffer(name, wrote) for name in ("stdout", "stderr")}
    runner = Runner(send, streams, spill_directory="")
    over = Event()

    def listen() -> None:
        reason = ray.get(mailbox.stopped.remote(run.dispatch_id))
        if reason:
            runner.stop(run.dispatch_id, reason)

    def tick() -> None:
        while not over.wait(TICK_SECONDS):
            runner.flush()

    for body in (listen, tick):
        Thread(target=body, daemon=True).start()
    before = sys.stdout, sys.stderr
    sys.stdout = CapturedText(streams["stdout"], 1)
    sys.stderr = CapturedText(streams["stderr"], 2)
    try:
        finished = runner.run(run)
    finally:
        sys.stdout, sys.stderr = before
        over.set()
        ray.get([*sent, mailbox.ended.remote(run.dispatch_id)])
    return msgspec.msgpack.encode(finished)
