"""Whether this node has more to do than it can: by trend, by absolute bounds, by resources.

The baseline a trend is measured against is older than the samples it judges; otherwise any
step raises its own baseline and the worst level cannot be reached.
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


class OverloadRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds; each triple is for busy, stressed and overloaded.

    Attributes:
        recent: newest samples, whose mean is judged.
        warm_up: samples needed before a trend says anything.
        baseline_gain: weight of a sample in the baseline, once it is no longer recent.
        trend: rise of the recent mean over the baseline, as a share of it.
        least_seconds: a mean below it is never a trend: noise of fast work.
        absolute_seconds: mean delay.
        resource: share of processor or memory in use.
        resource_age_seconds: a reading older than that says nothing.
        calm_seconds: how long a lower level must last before it is believed.
    """

    recent: int = 10
    warm_up: int = 20
    baseline_gain: float = 0.05
    trend: tuple[float, float, float] = (0.5, 1.0, 2.0)
    least_seconds: float = 0.005
    absolute_seconds: tuple[float, float, float] = (0.2, 0.5, 2.0)
    resource: tuple[float, float, float] = (0.8, 0.9, 0.97)
    resource_age_seconds: float = 10.0
    calm_seconds: float = 5.0


class OverloadDetector:
    """Fed with delays and resource readings; reading the level never changes anything."""

    def __init__(self, rules: OverloadRules | None = None) -> None:
        self._rules = rules if rules is not None else OverloadRules()
        self._recent: deque[tuple[float, float]] = deque()
        self._baseline: float | None = None
        self._seen = 0
        self._resources: tuple[float, float, float] | None = None
        self._level = Overload.HEALTHY
        self._since = 0.0

    def sample(self, delay_seconds: float, now: float) -> None:
        """How long something waited, or took, just now."""
        self._seen += 1
        self._recent.append((now, delay_seconds))
        if len(self._recent) > self._rules.recent:
            self._absorb(self._recent.popleft()[1])
        self._settle(now)

    def resources(self, cpu: float, memory: float, now: float) -> None:
        """Share of processor and memory in use, 0 to 1."""
        self._resources = (cpu, memory, now)
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
        fresh = [delay for at, delay in self._recent if now - at <= self._fresh_seconds]
        mean = sum(fresh) / len(fresh) if fresh else 0.0
        level = _grade(mean, self._rules.absolute_seconds)
        if level > worst:
            worst, why = level, f"mean delay {mean:.3f} s"
        baseline = self._baseline
        warm = self._seen >= self._rules.warm_up
        if baseline and warm and mean >= self._rules.least_seconds:
            rise = (mean - baseline) / baseline
            level = _grade(rise, self._rules.trend)
            if level > worst:
                worst, why = level, f"mean delay {mean:.3f} s, {rise:+.0%} over its baseline"
        cpu, memory, at = self._resources or (0.0, 0.0, now)
        if now - at <= self._rules.resource_age_seconds:
            level = _grade(max(cpu, memory), self._rules.resource)
            if level > worst:
                worst, why = level, f"processor {cpu:.0%}, memory {memory:.0%}"
        return worst, why

    @property
    def _fresh_seconds(self) -> float:
        return 4.0 * self._rules.calm_seconds

    def _absorb(self, delay: float) -> None:
        if self._baseline is None:
            self._baseline = delay
        self._baseline += self._rules.baseline_gain * (delay - self._baseline)


def _grade(value: float, bounds: tuple[float, float, float]) -> Overload:
    return Overload(sum(value >= bound for bound in bounds))
