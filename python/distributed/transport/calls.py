"""Requests that wait for their replies, matched by correlation id."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

import msgspec

from distributed.errors import PeerRefused, RequestTimeout
from distributed.messages.base import Message, Refused

T = TypeVar("T")


class PendingCalls:
    """One table a connection: a timeout ends its own call and no other."""

    __slots__ = ("_ids", "_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def open(self) -> int:
        """A fresh correlation id that waits for its reply."""
        correlation = next(self._ids)
        self._waiting[correlation] = self._loop.create_future()
        return correlation

    def reply(
        self, correlation: int, message: msgspec.Struct, peer: str, timeout: float
    ) -> Awaitable[Message]:
        """Wait for the reply to `message`, which may come before it is waited for.

        Raises:
            RequestTimeout: none came in `timeout` seconds; a later one is dropped.
            PeerRefused: the reply is a refusal.
            ConnectError: the connection ended.
        """
        waiting = self._waiting[correlation]
        return Lazily(lambda: self._reply(waiting, correlation, message, peer, timeout))

    async def _reply(
        self,
        waiting: asyncio.Future[Message],
        correlation: int,
        message: msgspec.Struct,
        peer: str,
        timeout: float,
    ) -> Message:
        expiry = self._loop.call_later(timeout, self._expire, correlation, message, peer, timeout)
        try:
            reply = await waiting
        finally:
            expiry.cancel()
            self._waiting.pop(correlation, None)
        if isinstance(reply, Refused):
            raise PeerRefused(
                reply.code,
                reply.reason,
                field=reply.field,
                peer=peer,
                retry_after_seconds=reply.retry_after_seconds,
            )
        return reply

    def deliver(self, correlation: int, reply: Message) -> None:
        """Hand a reply to its caller, who is waiting."""
        waiting = self._waiting.pop(correlation, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def waits(self, correlation: int) -> bool:
        """Whether anybody still waits for this reply."""
        return correlation in self._waiting

    def fail(self, error: Exception) -> None:
        """End every waiting call with `error`."""
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            _end(future, error)

    def _expire(self, correlation: int, message: msgspec.Struct, peer: str, timeout: float) -> None:
        future = self._waiting.pop(correlation, None)
        if future is not None:
            name = type(message).__name__
            _end(
                future, RequestTimeout(f"{peer} did not answer {name} in {timeout:g} s", peer=peer)
            )


class Lazily(Awaitable[T]):
    """A coroutine that is made when it is awaited: nothing is left over where nobody does."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._make = make

    def __await__(self) -> Generator[Any, None, T]:
        return self._make().__await__()


def _end(future: asyncio.Future[Message], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        # The caller may be gone already; mark the exception as seen.
        future.exception()
