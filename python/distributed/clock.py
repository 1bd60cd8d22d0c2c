"""Time, as every role and policy receives it: through its constructor."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What a role may know of time.

    `now` is monotonic and local: its values never cross hosts. `wall` is for people and
    for rows that people read; nothing is decided by it.
    """

    def now(self) -> float:
        """Monotonic seconds since an epoch of this process's choosing."""
        ...

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`; zero or less yields once."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(max(0.0, seconds))


class LoopClock:
    """Reads the running event loop, so that a virtual-time loop drives it.

    `skew_seconds` shifts both readings, `rate` makes the clock run fast or slow: what a
    node with a bad clock would see.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        wall_epoch_seconds: float = 1_700_000_000.0,
        skew_seconds: float = 0.0,
        rate: float = 1.0,
    ) -> None:
        self._loop = loop
        self._wall_epoch = wall_epoch_seconds
        self.skew_seconds = skew_seconds
        self.rate = rate

    def now(self) -> float:
        """The loop's seconds, skewed."""
        return self._loop.time() * self.rate + self.skew_seconds

    def wall(self) -> float:
        """The loop's seconds on a fixed wall epoch, skewed."""
        return self._wall_epoch + self.now()

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` as this clock counts them."""
        await asyncio.sleep(max(0.0, seconds) / self.rate)
