"""Whether this node has more to do than it can: by trend, by absolute bounds, by memory.

Judged is the delay that held for most of the last seconds, the median over time: one stop of a
few seconds is none, and a sampler that is itself late speaks for all the time it was held up.
The baseline a trend is measured against is older than the samples it judges; otherwise any
step raises its own baseline and the worst level cannot be reached.

A processor in full use is no sign by itself: what keeps up with its work may use all of it.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum

import msgspec


class Overload(IntEnum):
    """How much of it, least first."""

    HEALTHY = 0
    BUSY = 1
    STRESSED = 2
    OVERLOADED = 3

    @property
    def label(self) -> str:
        """The name as messages carry it."""
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Overload:
        """The level of that name; one from a newer peer counts as busy."""
        return cls.__members__.get(label.upper(), cls.BUSY)


class OverloadRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds; each triple is for busy, stressed and overloaded.

    Attributes:
        window_seconds: the newest time, whose median delay is judged.
        warm_up: samples needed before a trend says anything.
        baseline_gain: weight of a sample in the baseline, once it has left the window.
        trend: rise of the median over the baseline, as a share of it.
        least_seconds: a median below it is never a trend: noise of fast work.
        absolute_seconds: median delay.
        memory: share of the memory that the process may take.
        calm_seconds: how long a lower level must last before it is believed.
    """

    window_seconds: float = 10.0
    warm_up: int = 20
    baseline_gain: float = 0.05
    trend: tuple[float, float, float] = (0.5, 1.0, 2.0)
    least_seconds: float = 0.2
    absolute_seconds: tuple[float, float, float] = (0.2, 0.5, 2.0)
    memory: tuple[float, float, float] = (0.8, 0.9, 0.97)
    calm_seconds: float = 5.0


class OverloadDetector:
    """Fed with delays and shares of memory; reading the level never changes anything."""

    def __init__(self, rules: OverloadRules | None = None) -> None:
        self._rules = rules if rules is not None else OverloadRules()
        self._recent: deque[tuple[float, float, float]] = deque()
        self._baseline: float | None = None
        self._seen = 0
        self._sampled_at: float | None = None
        self._memory: tuple[float, float] | None = None
        self._level = Overload.HEALTHY
        self._since = 0.0

    def sample(self, delay_seconds: float, now: float) -> None:
        """How long something waited just now; stands for the time since the last sample."""
        covered = delay_seconds if self._sampled_at is None else now - self._sampled_at
        self._sampled_at = now
        self._seen += 1
        self._recent.append((now, delay_seconds, max(covered, 1e-9)))
        while self._recent[0][0] <= now - self._rules.window_seconds:
            self._absorb(self._recent.popleft()[1])
        self._settle(now)

    def memory(self, share: float, now: float) -> None:
        """Share of the memory that this process may take, 0 to 1."""
        self._memory = (share, now)
        self._settle(now)

    def level(self, now: float) -> Overload:
        """The level as of now. It falls by itself when nothing more is measured."""
        found = self._found(now)[0]
        if found >= self._level or now - self._since >= self._rules.calm_seconds:
            return found
        return self._level

    def reason(self, now: float) -> str:
        """What argues for the level that was found, for people."""
        return self._found(now)[1]

    def _settle(self, now: float) -> None:
        found = self._found(now)[0]
        calm = now - self._since >= self._rules.calm_seconds
        if found >= self._level or calm:
            self._level = found
            self._since = now

    def _found(self, now: float) -> tuple[Overload, str]:
        worst, why = Overload.HEALTHY, "nothing is slow"
        delay = self._median(now)
        level = _grade(delay, self._rules.absolute_seconds)
        if level > worst:
            worst, why = level, f"late by {delay:.3f} s"
        baseline = self._baseline
        warm = self._seen >= self._rules.warm_up
        if baseline and warm and delay >= self._rules.least_seconds:
            rise = (delay - baseline) / baseline
            level = _grade(rise, self._rules.trend)
            if level > worst:
                worst, why = level, f"late by {delay:.3f} s, {rise:+.0%} over its baseline"
        share, at = self._memory or (0.0, now)
        level = _grade(share, self._rules.memory)
        if level > worst and now - at <= self._rules.window_seconds:
            worst, why = level, f"{share:.0%} of its memory in use"
        return worst, why

    def _median(self, now: float) -> float:
        """The delay that held, or was exceeded, for half of the window; 0 where none was.

        Time that nothing is known of counts as none: a process that is young is not late.
        """
        since = now - self._rules.window_seconds
        left = self._rules.window_seconds / 2
        for delay, covered in sorted(
            ((delay, covered) for at, delay, covered in self._recent if at > since), reverse=True
        ):
            left -= covered
            if left <= 0:
                return delay
        return 0.0

    def _absorb(self, delay: float) -> None:
        if self._baseline is None:
            self._baseline = delay
        self._baseline += self._rules.baseline_gain * (delay - self._baseline)


def _grade(value: float, bounds: tuple[float, float, float]) -> Overload:
    return Overload(sum(value >= bound for bound in bounds))
