"""What a datacenter can do: its workers' cores, counted once, and how old that is.

Every manager of a datacenter reports the same workers, so reports are merged by worker and
never summed. Queues and rates are each manager's own (a job has one manager) and do sum.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from distributed.messages.health import ManagerStatus, WorkerStatus

PRESSURES = {"none": 0.0, "throttle": 1 / 3, "batch": 2 / 3, "reject": 1.0}
STRAINED = frozenset({"stressed", "overloaded"})


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """One datacenter as of `at`, an instant of the receiver's clock.

    Attributes:
        managers, healthy_managers: that reported lately; healthy ones are not overloaded and
            not draining.
        workers, healthy_workers: that some manager reported lately.
        free_cores, total_cores, largest_worker: of workers that are not draining.
        queued: workflows that wait for cores.
        dispatch_rate: cores given to work each second, averaged over some seconds; of a manager
            that does not tell those, workflows.
        wait_seconds: the longest of the managers' own estimates.
        pressure: 0 to 1, the worst manager's.
        draining: every manager drains.
    """

    at: float
    managers: int
    healthy_managers: int
    workers: int
    healthy_workers: int
    free_cores: int
    total_cores: int
    largest_worker: int
    queued: int
    dispatch_rate: float
    wait_seconds: float
    pressure: float
    draining: bool


class _Report:
    __slots__ = ("at", "status")

    def __init__(self, status: ManagerStatus, at: float) -> None:
        self.status = status
        self.at = at


class CapacityAggregator:
    """The managers of one datacenter and what they last said.

    Args:
        stale_seconds: a manager silent for longer is left out, and forgotten after twice that.
        max_managers: bound against peers that invent names; the longest silent goes first.
    """

    def __init__(self, *, stale_seconds: float = 30.0, max_managers: int = 64) -> None:
        self._stale = stale_seconds
        self._max = max_managers
        self._reports: dict[str, _Report] = {}
        self._sum: Capacity | None = None
        self._holds_until = float("-inf")

    def report(self, status: ManagerStatus, now: float) -> bool:
        """Take a manager's status; False for one that is older than what is known.

        A sequence that starts again low after a silence is a restarted manager.
        """
        known = self._reports.get(status.name)
        restarted = known is not None and now - known.at > self._stale
        if known is not None and not restarted and status.sequence <= known.status.sequence:
            return False
        if known is None and len(self._reports) >= self._max:
            del self._reports[min(self._reports, key=lambda name: self._reports[name].at)]
        self._reports[status.name] = _Report(status, now)
        self._holds_until = float("-inf")
        return True

    def forget(self, manager: str) -> None:
        """The manager died, left or restarted; its next status is a first one."""
        self._reports.pop(manager, None)
        self._holds_until = float("-inf")

    def capacity(self, now: float) -> Capacity | None:
        """The sum as of now; None where no manager reported lately: capacity is unknown."""
        if now > self._holds_until:
            self._sweep(now)
            fresh = [r for r in self._reports.values() if now - r.at <= self._stale]
            oldest = min((report.at for report in fresh), default=float("-inf"))
            self._holds_until = oldest + self._stale
            self._sum = _sum_of(fresh)
        return self._sum

    def reports(self, now: float) -> tuple[tuple[float, ManagerStatus], ...]:
        """What each manager last said and how many seconds ago, newest first."""
        known = sorted(self._reports.values(), key=lambda report: report.at, reverse=True)
        return tuple((now - report.at, report.status) for report in known)

    def __len__(self) -> int:
        return len(self._reports)

    def _sweep(self, now: float) -> None:
        gone = [name for name, r in self._reports.items() if now - r.at > 2 * self._stale]
        for name in gone:
            del self._reports[name]


def _sum_of(fresh: list[_Report]) -> Capacity | None:
    if not fresh:
        return None
    fresh.sort(key=lambda report: report.at)
    statuses = [report.status for report in fresh]
    healthy = [s for s in statuses if not s.draining and s.overload not in STRAINED]
    free, total, largest, workers, healthy_workers = _cores(statuses)
    return Capacity(
        at=fresh[-1].at,
        managers=len(statuses),
        healthy_managers=len(healthy),
        workers=workers,
        healthy_workers=healthy_workers,
        free_cores=free,
        total_cores=total,
        largest_worker=largest,
        queued=sum(status.queued for status in statuses),
        dispatch_rate=sum(s.core_rate or s.dispatch_rate for s in statuses),
        wait_seconds=max(status.expected_wait_seconds for status in statuses),
        pressure=max(PRESSURES.get(status.pressure, 1.0) for status in statuses),
        draining=all(status.draining for status in statuses),
    )


def _cores(statuses: Iterable[ManagerStatus]) -> tuple[int, int, int, int, int]:
    """Free, total, largest, workers and healthy workers; statuses oldest first.

    Without worker facts the newest status's own sums stand: a view of the whole datacenter.
    """
    workers: dict[str, WorkerStatus] = {}
    newest: ManagerStatus | None = None
    for status in statuses:
        newest = status
        for worker in status.worker_facts:
            known = workers.get(worker.name)
            if (
                known is None
                or known.instance != worker.instance
                or worker.sequence >= known.sequence
            ):
                workers[worker.name] = worker
    if not workers:
        if newest is None:
            return 0, 0, 0, 0, 0
        largest = newest.largest_worker
        counts = newest.workers, newest.healthy_workers
        return newest.free_cores, newest.cores, largest, *counts
    usable = [worker for worker in workers.values() if not worker.draining]
    return (
        sum(worker.free_cores for worker in usable),
        sum(worker.cores for worker in usable),
        max((worker.cores for worker in usable), default=0),
        len(workers),
        sum(worker.overload not in STRAINED for worker in usable),
    )
