"""What was sampled of open jobs, once a second, bounded in jobs and in points.

The ledger keeps how a job ended; this keeps how it went, while the node runs.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping

from distributed.messages.progress import WorkflowChange
from distributed.messages.submission import DatacenterProgress

from .course import AttemptKey
from .models import Plot

MOST_JOBS = 128
MOST_POINTS = 900
MOST_ATTEMPTS = 5_000

Point = tuple[float, float, float | None, float | None, float | None, int]
"""Elapsed, reports a second, p50, p95, p99, workflows running."""


class Trail:
    """One job's samples."""

    __slots__ = ("points", "seen")

    def __init__(self) -> None:
        self.points: dict[str, deque[Point]] = {}
        self.seen: dict[AttemptKey, float] = {}

    def add(self, elapsed: float, progress: DatacenterProgress) -> None:
        """How a datacenter stands with the job now."""
        points = self.points.setdefault(progress.datacenter, deque(maxlen=MOST_POINTS))
        points.append(
            (elapsed, progress.rate, progress.p50, progress.p95, progress.p99, progress.running)
        )

    def see(self, elapsed: float, datacenter: str, changes: Mapping[str, WorkflowChange]) -> None:
        """Remember since when attempts run."""
        for name, change in changes.items():
            if change.state == "running" and len(self.seen) < MOST_ATTEMPTS:
                self.seen.setdefault((name, datacenter, change.attempt), elapsed)

    def plots(self) -> dict[str, Plot]:
        """Throughput and latency over the job's time, a line for each datacenter."""
        return {
            "job-throughput": self._plot("Reports a second", "1/s", (("", 1),)),
            "job-latency": self._plot(
                "Reported latency, newest window", "s", (("p50", 2), ("p95", 3), ("p99", 4))
            ),
            "job-running": self._plot("Workflows running", "workflows", (("", 5),)),
        }

    def _plot(self, title: str, unit: str, fields: Iterable[tuple[str, int]]) -> Plot:
        fields = tuple(fields)
        times = sorted({point[0] for points in self.points.values() for point in points})
        series: list[str] = []
        columns: list[tuple[float | None, ...]] = [tuple(times)]
        for datacenter, points in sorted(self.points.items()):
            for label, index in fields:
                by_time = {point[0]: point[index] for point in points}
                series.append(f"{datacenter} {label}".rstrip())
                columns.append(tuple(by_time.get(time) for time in times))
        return Plot(
            title=title,
            unit=unit,
            series=tuple(series),
            columns=tuple(columns),
            horizontal="job time",
        )


class Trails:
    """The newest jobs' trails; the least recently sampled are forgotten."""

    def __init__(self, most_jobs: int = MOST_JOBS) -> None:
        self._most = most_jobs
        self._trails: OrderedDict[str, Trail] = OrderedDict()

    def of(self, job_id: str) -> Trail:
        """A job's trail, begun where there is none."""
        trail = self._trails.get(job_id)
        if trail is None:
            trail = self._trails[job_id] = Trail()
            while len(self._trails) > self._most:
                self._trails.popitem(last=False)
        else:
            self._trails.move_to_end(job_id)
        return trail

    def known(self, job_id: str) -> Trail | None:
        """A job's trail, if there is one."""
        return self._trails.get(job_id)

    def __len__(self) -> int:
        return len(self._trails)
