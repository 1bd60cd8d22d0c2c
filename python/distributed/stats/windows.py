"""Windowed statistics of one job, keyed by the job's own elapsed time.

No wall clock of any host takes part: a report says how far its attempt is, the receiver
knows when in the job that attempt began. What a report added since the one before falls into
the one window that its time lies in.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from .sketch import LatencySketch


class WindowRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of a job's windows.

    Attributes:
        width_seconds: length of a window.
        drift_seconds: how long after its end a window still takes what arrives late, and how
            far ahead of the receiver's own time a report may claim to be.
        max_open: windows held open at once; beyond it the oldest is closed early.
        max_counters: distinct counters in one window; others are counted as dropped.
    """

    width_seconds: float = 1.0
    drift_seconds: float = 2.0
    max_open: int = 64
    max_counters: int = 64


class Placed(StrEnum):
    """Where an addition went."""

    COUNTED = "counted"
    LATE = "late"
    AHEAD = "ahead"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One closed window.

    `counters` are what was added inside it; `sketch` is the encoded sketch of its latencies;
    `sources` says who contributed; `complete` is False where it had to close early.
    """

    index: int
    started_seconds: float
    ended_seconds: float
    counters: Mapping[str, float]
    sketch: bytes
    sources: tuple[str, ...]
    complete: bool = True

    def rate(self, counter: str) -> float:
        """Additions to `counter` in each second of the window."""
        return self.counters.get(counter, 0.0) / (self.ended_seconds - self.started_seconds)


class _Open:
    __slots__ = ("counters", "latency", "sources")

    def __init__(self) -> None:
        self.counters: dict[str, float] = {}
        self.latency = LatencySketch()
        self.sources: set[str] = set()


class JobWindows:
    """Open windows of one job; hangs off the job's record and is dropped with it.

    Every method takes times in seconds of the job's own elapsed time.
    """

    def __init__(self, rules: WindowRules | None = None) -> None:
        self._rules = rules if rules is not None else WindowRules()
        self._open: dict[int, _Open] = {}
        self._next_index = 0
        self.late = 0
        self.ahead = 0
        self.counters_dropped = 0

    def add(
        self,
        at_seconds: float,
        added: Mapping[str, float],
        latency: LatencySketch | None,
        *,
        elapsed_seconds: float,
        source: str = "",
    ) -> Placed:
        """Count what a report added at `at_seconds`, as the receiver is at `elapsed_seconds`.

        A report for a closed window counts as late, one that claims to be further ahead than
        the drift allows is refused; both are counted, neither is guessed into a window.
        """
        if at_seconds > elapsed_seconds + self._rules.drift_seconds:
            self.ahead += 1
            return Placed.AHEAD
        index = int(max(0.0, at_seconds) // self._rules.width_seconds)
        if index < self._next_index:
            self.late += 1
            return Placed.LATE
        window = self._open.get(index)
        if window is None:
            window = self._open[index] = _Open()
        self._count(window, added)
        if latency is not None and latency.count:
            window.latency.merge(latency.to_bytes())
        window.sources.add(source)
        return Placed.COUNTED

    def closed(self, elapsed_seconds: float) -> list[Window]:
        """Windows that ended longer ago than the drift, oldest first, each told once."""
        limit = elapsed_seconds - self._rules.drift_seconds
        due = [index for index in self._open if self._end(index) <= limit]
        crowd = len(self._open) - len(due) - self._rules.max_open
        if crowd > 0:
            due += sorted(self._open.keys() - set(due))[:crowd]
        return self._close(due, limit)

    def flush(self, elapsed_seconds: float) -> list[Window]:
        """The job has ended: everything still open, oldest first."""
        return self._close(list(self._open), elapsed_seconds)

    def __len__(self) -> int:
        return len(self._open)

    def _close(self, indexes: list[int], limit: float) -> list[Window]:
        windows = []
        for index in sorted(indexes):
            content = self._open.pop(index)
            self._next_index = max(self._next_index, index + 1)
            windows.append(
                Window(
                    index=index,
                    started_seconds=index * self._rules.width_seconds,
                    ended_seconds=self._end(index),
                    counters=content.counters,
                    sketch=content.latency.to_bytes() if content.latency else b"",
                    sources=tuple(sorted(content.sources)),
                    complete=self._end(index) <= limit,
                )
            )
        return windows

    def _count(self, window: _Open, added: Mapping[str, float]) -> None:
        for name, value in added.items():
            if name not in window.counters and len(window.counters) >= self._rules.max_counters:
                self.counters_dropped += 1
                continue
            window.counters[name] = window.counters.get(name, 0.0) + value

    def _end(self, index: int) -> float:
        return (index + 1) * self._rules.width_seconds
