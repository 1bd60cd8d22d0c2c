"""Time, as every role and policy receives it: through its constructor."""

from __future__ import annotations

import asyncio
import math
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Protocol

from distributed._native import TimerWheel
from distributed.errors import ClosedError

_TICK_SECONDS = 0.001

_Entry = tuple[int, Callable[..., object], tuple[object, ...]]
"""Key in the native wheel, callback, arguments."""


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


class WheelTimers:
    """Callbacks at moments of one event loop, with one `loop.call_at` for all of them.

    Deadlines are seconds of `loop.time()`. A callback runs no earlier than its deadline and at
    most a millisecond later than the loop wakes for it; after a stall each due one runs once,
    by deadline. What a callback raises goes to `on_error` with the exception and the callback's
    name, and the others run. If `on_error` raises as well, both go to standard error.
    """

    __slots__ = (
        "_armed",
        "_due",
        "_entries",
        "_handle",
        "_loop",
        "_next",
        "_on_error",
        "_stopped",
        "_wheel",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, on_error: Callable[[BaseException, str], object]
    ) -> None:
        self._loop = loop
        self._on_error = on_error
        self._wheel = TimerWheel(loop.time())
        self._entries: dict[int, _Entry] = {}
        self._due: deque[int] = deque()
        self._next = 0
        self._armed = math.inf
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = False

    def __len__(self) -> int:
        """Callbacks that will still run."""
        return len(self._entries)

    def call_at(self, deadline: float, callback: Callable[..., object], *args: object) -> int:
        """Have `callback(*args)` run at `deadline`; the key cancels or moves it.

        Raises:
            ClosedError: after `stop`.
            ValueError: the deadline is nan.
        """
        if self._stopped:
            raise ClosedError("the timers were stopped and take no more callbacks")
        key = self._next
        self._entries[key] = (self._wheel.schedule(deadline, key), callback, args)
        self._next = key + 1
        if deadline < self._armed:
            self._arm(deadline)
        return key

    def call_later(self, seconds: float, callback: Callable[..., object], *args: object) -> int:
        """`call_at` in `seconds` from now."""
        return self.call_at(self._loop.time() + seconds, callback, *args)

    def cancel(self, key: int) -> bool:
        """Keep a callback from running, even one that is due in this very round.

        False if it ran or was cancelled before.
        """
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self._wheel.cancel(entry[0])
        if not self._entries:
            self._disarm()
        return True

    def move(self, key: int, deadline: float) -> bool:
        """Run a waiting callback at another time, earlier or later.

        False if it ran, was cancelled, or is due in this very round.
        """
        entry = self._entries.get(key)
        if entry is None or not self._wheel.move(entry[0], deadline):
            return False
        if deadline < self._armed:
            self._arm(deadline)
        return True

    def stop(self) -> None:
        """Drop all callbacks: none runs after this returns. Safe to call twice."""
        self._stopped = True
        self._disarm()
        self._due.clear()
        self._entries.clear()
        self._wheel.clear()

    def _arm(self, when: float) -> None:
        self._disarm()
        self._armed = when
        self._handle = self._loop.call_at(when, self._fire)

    def _disarm(self) -> None:
        self._armed = math.inf
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        self._armed = -math.inf
        now = self._loop.time()
        self._due.extend(self._wheel.advance(now))
        early = not self._due
        try:
            while self._due:
                entry = self._entries.pop(self._due.popleft(), None)
                if entry is not None:
                    self._run(entry[1], entry[2])
        finally:
            self._rearm(now, early)

    def _rearm(self, now: float, early: bool) -> None:
        """Wait for the next deadline.

        A loop of coarser time than ours can wake early. Then the wait is at least a tick, so
        that it does not wake over and over until the deadline has come.
        """
        self._disarm()
        if self._stopped:
            return
        upcoming = now if self._due else self._wheel.next_deadline()
        if upcoming is not None:
            self._arm(max(upcoming, now + _TICK_SECONDS) if early else upcoming)

    def _run(self, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        try:
            callback(*args)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - one callback must not hide the others
            self._report(error, getattr(callback, "__qualname__", repr(callback)))

    def _report(self, error: BaseException, name: str) -> None:
        try:
            self._on_error(error, name)
        except Exception as second:  # noqa: BLE001 - standard error is what is left
            sys.stderr.write(f"timer {name} failed and so did its error callback:\n")
            traceback.print_exception(error, file=sys.stderr)
            traceback.print_exception(second, file=sys.stderr)
