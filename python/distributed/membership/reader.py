"""One event loop's end of the agent: a descriptor, a pulse, and who waits for what."""

from __future__ import annotations

import asyncio
import atexit
import itertools
from collections.abc import Callable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from distributed import _native
from distributed.errors import ClosedError

PULSE_SECONDS = 0.5
"""How often the loop proves that it runs; 1.25 s without are reported as degraded."""


class Listener(Protocol):
    """A membership that wants its notices."""

    def hear(self, kind: str, *values: Any) -> None:
        """Take one notice of this membership."""
        ...


class Reader:
    """Everything that the agent tells one event loop, through one descriptor.

    Lives while somebody uses it: the first listener or timer starts it, the last one to go
    closes it.
    """

    _of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Reader] = WeakKeyDictionary()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.port = _native.EventPort()
        self._users = 0
        self._listeners: dict[int, Listener] = {}
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self._timers: dict[int, Callable[[], None]] = {}
        self._numbers = itertools.count(1)
        atexit.register(self.port.close)
        loop.add_reader(self.port.fileno(), self._drain)
        self._pulse = loop.call_later(PULSE_SECONDS, self._beat)

    @classmethod
    def acquire(cls) -> Reader:
        """The running loop's reader; give it back with `release`."""
        loop = asyncio.get_running_loop()
        reader = cls._of_loop.get(loop)
        if reader is None:
            reader = cls._of_loop[loop] = cls(loop)
        reader._users += 1
        return reader

    def release(self) -> None:
        """One user less; the last closes the descriptor."""
        self._users -= 1
        if self._users:
            return
        self._of_loop.pop(self.loop, None)
        self._pulse.cancel()
        if not self.loop.is_closed():
            self.loop.remove_reader(self.port.fileno())
        self.port.close()
        atexit.unregister(self.port.close)

    def listen(self, membership: int, listener: Listener) -> None:
        """Hand the notices of that membership to `listener`."""
        self._listeners[membership] = listener

    def forget(self, membership: int) -> None:
        """Drop what still comes for that membership."""
        self._listeners.pop(membership, None)

    def request(self) -> tuple[int, asyncio.Future[Any]]:
        """A number for a request, and where its reply will be."""
        number = next(self._numbers)
        reply = self._replies[number] = self.loop.create_future()
        reply.add_done_callback(lambda _: self._replies.pop(number, None))
        return number, reply

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> int:
        """Call back once through the agent's wheel; returns the timer's token."""
        token = _tokens.__next__()
        self._timers[token] = callback
        self.port.schedule(token, delay_seconds)
        return token

    def move(self, token: int, delay_seconds: float) -> bool:
        """Move a timer that has not fired; False where it has."""
        if token not in self._timers:
            return False
        self.port.schedule(token, delay_seconds)
        return True

    def cancel(self, token: int) -> bool:
        """Take a timer back; it will not fire. False where it has fired."""
        if self._timers.pop(token, None) is None:
            return False
        self.port.cancel(token)
        return True

    def _beat(self) -> None:
        self.port.beat()
        self._pulse = self.loop.call_later(PULSE_SECONDS, self._beat)

    def _drain(self) -> None:
        for kind, number, *values in self.port.drain():
            if kind == "reply":
                self._reply(number, values[0])
            elif kind == "timer":
                self._fire(number)
            elif listener := self._listeners.get(number):
                self._hear(listener, kind, values)

    def _reply(self, number: int, outcome: Any) -> None:
        reply = self._replies.get(number)
        if reply is not None and not reply.done():
            reply.set_result(outcome)

    def _fire(self, token: int) -> None:
        callback = self._timers.pop(token, None)
        if callback is not None:
            self.loop.call_soon(callback)

    def _hear(self, listener: Listener, kind: str, values: list[Any]) -> None:
        try:
            listener.hear(kind, *values)
        except Exception as error:  # noqa: BLE001 - one listener must not deafen the others
            self.loop.call_exception_handler(
                {"message": f"membership notice {kind} could not be handled", "exception": error}
            )

    def abandon(self, replies: set[int]) -> None:
        """Fail requests that nobody will answer any more."""
        for number in replies:
            reply = self._replies.get(number)
            if reply is not None and not reply.done():
                reply.set_exception(ClosedError("the membership has stopped"))


_tokens = itertools.count(1)
