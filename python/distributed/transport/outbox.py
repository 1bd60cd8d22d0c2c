"""Frames waiting to be written: one write a loop turn, bounded, in order.

Each write wakes the peer's process. What nobody waits for (an acknowledgement, word of an end)
is therefore held back for a moment, as TCP delays its acknowledgements (RFC 1122, 4.2.3.2): a
frame that is needed soon mostly follows, and both leave in one write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from distributed.transport.frames import encode_frames
from distributed.transport.turn import Turn

Frame = tuple[int, int, int, bytes]

UNHURRIED_SECONDS = 0.004
"""How long a frame that nobody waits for waits for others."""


class Outbox:
    """Gathers the frames of one loop turn into one write.

    `full` says that the peer reads more slowly than we send; `room` waits for that to end.
    Replies are put in all the same, since whoever waits for one sends it on: they are counted
    as `owed` for as long as the peer leaves them unread.
    """

    __slots__ = (
        "_behind",
        "_compress",
        "_frames",
        "_late",
        "_limit",
        "_loop",
        "_owed",
        "_paused",
        "_queued",
        "_scheduled",
        "_turn",
        "_waiters",
        "_write",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        turn: Turn,
        write: Callable[[bytes], None],
        *,
        limit_bytes: int,
        compress_bytes: int,
    ) -> None:
        self._loop = loop
        self._turn = turn
        self._write = write
        self._limit = limit_bytes
        self._compress = compress_bytes
        self._frames: list[Frame] = []
        self._behind: list[Frame] = []
        self._queued = 0
        self._owed = 0
        self._scheduled = False
        self._late: asyncio.TimerHandle | None = None
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

    def reply(self, kind: int, correlation: int, body: bytes, *, unhurried: bool = False) -> None:
        """Add a reply, whether or not there is room."""
        if self.full:
            self._owed += len(body)
        self.put(kind, 0, correlation, body, unhurried=unhurried)

    def put(
        self, kind: int, flags: int, correlation: int, body: bytes, *, unhurried: bool = False
    ) -> None:
        """Add a frame; it leaves at the end of this loop turn.

        An unhurried one leaves behind others, or a little later by itself.
        """
        self._queued += len(body) + 16
        (self._behind if unhurried else self._frames).append((kind, flags, correlation, body))
        if unhurried:
            if self._late is None:
                self._late = self._loop.call_later(UNHURRIED_SECONDS, self.flush)
        elif not self._scheduled:
            self._scheduled = True
            self._turn.soon(self.flush)

    def flush(self) -> None:
        """Write what is gathered."""
        self._scheduled = False
        if self._late is not None:
            self._late.cancel()
            self._late = None
        frames = self._frames + self._behind if self._behind else self._frames
        if not frames:
            return
        self._frames, self._behind, self._queued = [], [], 0
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
        if self._late is not None:
            self._late.cancel()
        self._frames, self._behind, self._queued, self._paused = [], [], 0, False
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
