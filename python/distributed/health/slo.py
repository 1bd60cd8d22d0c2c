"""Service levels of one datacenter, from merged latency sketches over rotating windows."""

from __future__ import annotations

from collections import deque
from enum import IntEnum

import msgspec

from distributed.stats.sketch import LatencySketch


class SloLevel(IntEnum):
    """How the latencies compare with their targets, best first."""

    EXCEEDING = 0
    MEETING = 1
    WARNING = 2
    VIOLATING = 3
    CRITICAL = 4


class SloTargets(msgspec.Struct, frozen=True, kw_only=True):
    """Targets and how they combine.

    Attributes:
        enabled: whether latencies that workflows report are held against the targets at all.
        p50_seconds, p95_seconds, p99_seconds: the targets.
        weights: of the three in the composite.
        window_seconds, windows: how long and how many windows are looked back on.
        full_samples: fewer samples than that pull the composite towards 1.
        sustain_seconds: a violation counts for health only once it lasted that long.
    """

    enabled: bool = False
    p50_seconds: float = 0.05
    p95_seconds: float = 0.2
    p99_seconds: float = 0.5
    weights: tuple[float, float, float] = (0.2, 0.5, 0.3)
    window_seconds: float = 60.0
    windows: int = 5
    full_samples: int = 100
    sustain_seconds: float = 60.0


class SloView(msgspec.Struct, frozen=True, kw_only=True):
    """The service level as of now.

    `composite` is 1 where the targets are just met; `factor` is what a route's score is
    multiplied by; `sustained` is the level that health may act on.
    """

    level: SloLevel
    sustained: SloLevel
    composite: float
    factor: float
    samples: int


LEVELS = ((0.8, SloLevel.EXCEEDING), (1.0, SloLevel.MEETING), (1.2, SloLevel.WARNING),
          (1.5, SloLevel.VIOLATING))  # fmt: skip
NOTHING = SloView(
    level=SloLevel.MEETING, sustained=SloLevel.MEETING, composite=1.0, factor=1.0, samples=0
)


class SloClassifier:
    """The windows of one datacenter, bounded in number, each one sketch."""

    def __init__(self, targets: SloTargets | None = None) -> None:
        self.targets = targets if targets is not None else SloTargets()
        self._windows: deque[tuple[int, LatencySketch]] = deque(maxlen=self.targets.windows)
        self._violating_since: float | None = None

    def record(self, sketch: bytes, now: float) -> None:
        """Merge encoded latencies that arrived now.

        Raises:
            ValueError: bytes that no sketch wrote.
        """
        index = int(now // self.targets.window_seconds)
        if not self._windows or self._windows[-1][0] < index:
            self._windows.append((index, LatencySketch()))
        self._windows[-1][1].merge(sketch)
        violating = self._measure(now)[0] >= SloLevel.VIOLATING
        if not violating:
            self._violating_since = None
        elif self._violating_since is None:
            self._violating_since = now

    def view(self, now: float) -> SloView:
        """The level as of now; windows that have aged out do not count."""
        level, composite, samples = self._measure(now)
        if samples == 0:
            return NOTHING
        since = self._violating_since
        lasting = since is not None and now - since >= self.targets.sustain_seconds
        return SloView(
            level=level,
            sustained=level if lasting else min(level, SloLevel.WARNING),
            composite=composite,
            factor=min(3.0, max(0.5, 1.0 + 0.4 * (composite - 1.0))),
            samples=samples,
        )

    def _measure(self, now: float) -> tuple[SloLevel, float, int]:
        oldest = int(now // self.targets.window_seconds) - self.targets.windows
        merged = LatencySketch()
        for index, sketch in self._windows:
            if index > oldest:
                merged.merge(sketch.to_bytes())
        samples = merged.count
        if samples == 0:
            return SloLevel.MEETING, 1.0, 0
        targets = self.targets
        wanted = (targets.p50_seconds, targets.p95_seconds, targets.p99_seconds)
        found = (merged.quantile(0.5), merged.quantile(0.95), merged.quantile(0.99))
        raw = sum(
            weight * (value or 0.0) / target
            for weight, value, target in zip(targets.weights, found, wanted, strict=True)
        )
        trust = min(1.0, samples / targets.full_samples)
        composite = 1.0 + trust * (raw - 1.0)
        level = next((level for bound, level in LEVELS if composite < bound), SloLevel.CRITICAL)
        return level, composite, samples
