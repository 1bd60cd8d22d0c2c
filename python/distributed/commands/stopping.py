"""Being told to stop: by a signal, by the end of standard input, by an operator."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed.supervision import Supervisor


class StopAsked:
    """Why a node has to stop, and whether there is time to finish what runs.

    Attributes:
        reason: done once the node has to stop; an exception says that it cannot go on.
        at_once: done once waiting for what runs is over.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.reason: asyncio.Future[str] = self._loop.create_future()
        self.at_once: asyncio.Future[None] = self._loop.create_future()

    def ask(self, why: str, *, at_once: bool = True) -> None:
        """Stop; asked once more, at once."""
        hurry = at_once or self.reason.done()
        if not self.reason.done():
            self.reason.set_result(why)
        if hurry and not self.at_once.done():
            self.at_once.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Stop since something broke that the node cannot do without."""
        if not self.reason.done():
            self.reason.set_exception(error)

    def on_signals(self) -> None:
        """SIGTERM asks for a graceful end, SIGINT for one at once."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asked = partial(
                self.ask, f"received {number.name}", at_once=number is not signal.SIGTERM
            )
            self._loop.add_signal_handler(number, asked)

    def at_end_of_input(self) -> None:
        """The end of standard input asks for an end at once."""
        descriptor = sys.stdin.fileno()

        def readable() -> None:
            if not os.read(descriptor, 1024):
                self._loop.remove_reader(descriptor)
                self.ask("standard input ended")

        self._loop.add_reader(descriptor, readable)

    async def grace(
        self, drain: Callable[[float], Awaitable[bool]], seconds: float, supervisor: Supervisor
    ) -> None:
        """Let `drain` finish what runs, unless the end is wanted at once."""
        if self.at_once.done() or seconds <= 0:
            return
        task = supervisor.spawn("drain", lambda: _timed(drain, seconds))
        await asyncio.wait({task, self.at_once}, return_when=asyncio.FIRST_COMPLETED)
        task.cancel()


async def _timed(drain: Callable[[float], Awaitable[bool]], seconds: float) -> None:
    await drain(seconds)
