"""One sample a second of what is worth a line over time; ten minutes are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from distributed.clock import Clock

from .models import Plot

KEPT = 600
EVERY_SECONDS = 1.0

RATES: dict[str, tuple[str, str, dict[str, str]]] = {
    "datagrams": (
        "Datagrams",
        "1/s",
        {"in": "datagrams_in", "out": "datagrams_out"},
    ),
    "bytes": ("Bytes", "B/s", {"in": "bytes_in", "out": "bytes_out"}),
    "probes": (
        "Probes",
        "1/s",
        {"sent": "probes", "answered": "probes_answered", "failed": "probes_failed"},
    ),
}
"""Plot name to title, unit, and the native counters behind its lines."""

GAUGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "cores": ("Cores", "cores", ("cores", "cores in use", "queued")),
    "open-jobs": ("Open jobs", "jobs", ("open jobs", "jobs here")),
}
LAG = "loop-lag"


class Recorder:
    """Samples one node for as long as `run` runs."""

    def __init__(
        self,
        clock: Clock,
        gauges: Callable[[], Mapping[str, float]],
        counters: Callable[[], Mapping[str, int]],
    ) -> None:
        self._clock = clock
        self._gauges = gauges
        self._counters = counters
        self._points: dict[str, deque[tuple[float | None, ...]]] = {}
        self._series: dict[str, tuple[str, ...]] = {}
        self._before: tuple[float, Mapping[str, int]] | None = None

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            due = self._clock.now() + EVERY_SECONDS
            await self._clock.sleep(EVERY_SECONDS)
            self.sample(max(0.0, self._clock.now() - due))

    def sample(self, lag_seconds: float = 0.0) -> None:
        """Take one sample; `lag_seconds` is how late the event loop came to it."""
        wall = self._clock.wall()
        gauges = self._gauges()
        for name, (_, _, wanted) in GAUGES.items():
            present = tuple(label for label in wanted if label in gauges)
            if present:
                self._add(name, wall, present, [gauges[label] for label in present])
        self._add(LAG, wall, ("lag",), [lag_seconds])
        now, counters = self._clock.now(), dict(self._counters())
        if self._before is not None and counters:
            then, before = self._before
            for name, (_, _, lines) in RATES.items():
                rates = [
                    max(0.0, counters.get(key, 0) - before.get(key, 0)) / max(1e-3, now - then)
                    for key in lines.values()
                ]
                self._add(name, wall, tuple(lines), rates)
        self._before = now, counters

    def _add(self, name: str, wall: float, series: tuple[str, ...], values: list[float]) -> None:
        if self._series.get(name) != series:
            self._series[name] = series
            self._points[name] = deque(maxlen=KEPT)
        self._points[name].append((round(wall, 3), *values))

    def names(self) -> tuple[str, ...]:
        """Plots with anything on them."""
        return tuple(self._points)

    def plot(self, name: str) -> Plot | None:
        """The last ten minutes; None for a name that has no samples."""
        points = self._points.get(name)
        if not points:
            return None
        title, unit = _titled(name)
        return Plot(
            title=title,
            unit=unit,
            series=self._series[name],
            columns=tuple(zip(*points, strict=True)),
        )

    def newest(self) -> dict[str, tuple[float | None, ...]]:
        """The last point of every plot."""
        return {name: points[-1] for name, points in self._points.items() if points}

    @property
    def lag_seconds(self) -> float:
        """The worst lateness of the event loop over what is kept."""
        points = self._points.get(LAG, ())
        return max((point[1] or 0.0 for point in points), default=0.0)


def _titled(name: str) -> tuple[str, str]:
    if name in RATES:
        return RATES[name][0], RATES[name][1]
    if name in GAUGES:
        return GAUGES[name][0], GAUGES[name][1]
    return "Event loop lateness", "s"
