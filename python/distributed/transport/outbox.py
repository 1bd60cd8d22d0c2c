"""Frames waiting to be written: one write a loop turn, bounded, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from distributed.transport.frames import encode_frames

Frame = tuple[int, int, int, bytes]


class Outbox:
    """Gathers the frames of one loop turn into one write.

    `full` says that the peer reads more slowly than we send; `room` waits for that to end.
    Replies are put in all the same, since whoever waits for one sends it on: they are counted
    as `owed` for as long as the peer leaves them unread.
    """

    __slots__ = (
        "_compress",
        "_frames",
        "_limit",
        "_loop",
        "_owed",
        "_paused",
        "_queued",
        "_scheduled",
        "_waiters",
        "_write",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        write: Callable[[bytes], None],
        *,
        limit_bytes: int,
        compress_bytes: int,
    ) -> None:
        self._loop = loop
        self._write = write
        self._limit = limit_bytes
        self._compress = compress_bytes
        self._frames: list[Frame] = []
        self._queued = 0
        self._owed = 0
        self._scheduled = False
        self._paused = False
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def full(self) -> bool:
        """Whether nothing more should be put in."""
        return self._paused or self._queued >= self._limit

    @property
    def owed(self) -> int:
        """Bytes of replies put in since there was room last."""
        return self._owed

    def reply(self, kind: int, correlation: int, body: bytes) -> None:
        """Add a reply, whether or not there is room."""
        if self.full:
            self._owed += len(body)
        self.put(kind, 0, correlation, body)

    def put(self, kind: int, flags: int, correlation: int, body: bytes) -> None:
        """Add a frame; it leaves at the end of this loop turn."""
        self._frames.append((kind, flags, correlation, body))
        self._queued += len(body) + 16
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what is gathered."""
        self._scheduled = False
        if not self._frames:
            return
        frames, self._frames, self._queued = self._frames, [], 0
        self._write(encode_frames(frames, self._compress))
        if not self._paused:
            self._owed = 0
            self._wake()

    async def room(self) -> None:
        """Wait until there is room; ends at once where there is, or when the outbox closes."""
        while self.full:
            waiter: asyncio.Future[None] = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def pause(self) -> None:
        """The socket's buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """The socket's buffer has drained."""
        self._paused = False
        self._owed = 0
        self._wake()

    def close(self) -> None:
        """Drop what is queued and let every waiter go."""
        self._frames, self._queued, self._paused = [], 0, False
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
