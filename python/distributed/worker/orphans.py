"""Jobs whose manager is gone.

The rule: a job whose manager is gone (dead, unreachable past a bound, or without memory of
the job) runs on for `orphan_grace_seconds`. Any command of a manager under the same or a
higher fence ends the wait. Past the grace, what runs is asked to stop and then killed, and
its result says `cancelled: orphaned …`; results are kept for `orphan_result_seconds` more,
for a manager that comes late, and then the job is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from distributed.telemetry.logs import BoundLogger

from .record import AttemptRecord, JobRecord
from .state import WorkerState

End = Callable[[JobRecord, AttemptRecord, str, str], None]


class Orphans:
    """Knows which manager commands each job, and what to do when none does."""

    def __init__(self, state: WorkerState) -> None:
        self._state = state
        self.end: End

    def commanded(self, record: JobRecord, fence: int, manager: str, address: str) -> None:
        """A manager gave a command for the job under `fence`, which is not stale."""
        moved = record.manager_address not in ("", address)
        record.fence = max(record.fence, fence)
        record.manager, record.manager_address = manager, address
        if moved:
            record.outbox.resend_all()
            record.moved.set()
        if record.orphaned:
            record.orphaned = False
            record.scope.cancel("orphan")
            self._log(record).info("manager %s took the job over", manager)

    def lost(self, record: JobRecord, reason: str) -> None:
        """The job's manager is gone: the grace begins, unless it runs already."""
        if record.orphaned:
            return
        record.orphaned = True
        grace = self._state.settings.orphan_grace_seconds
        record.scope.timer("orphan", grace, partial(self._grace_over, record))
        self._state.metrics.count("jobs_orphaned")
        self._log(record).warning("orphaned (%s); %g s for another manager", reason, grace)

    def manager_gone(self, manager: str, reason: str) -> None:
        """Every job of that manager is an orphan."""
        for record in self._state.records.values():
            if record.manager == manager and not record.idle:
                self.lost(record, reason)

    def manager_back(self, manager: str) -> None:
        """It was not gone after all."""
        for record in self._state.records.values():
            if record.manager == manager and record.orphaned:
                self.commanded(record, record.fence, manager, record.manager_address)

    def _grace_over(self, record: JobRecord) -> None:
        """Apply the rule to a job that nobody took over."""
        if not record.attempts:
            self._log(record).warning("dropping an orphan with %d results", len(record.outbox))
            self._state.drop(record, "orphaned")
            return
        reason = (
            f"orphaned: manager {record.manager} was gone and none took over within "
            f"{self._state.settings.orphan_grace_seconds:g} s"
        )
        self._log(record).error("%s; %d attempts end", reason, len(record.attempts))
        for attempt in list(record.attempts.values()):
            self.end(record, attempt, "orphaned", reason)
        keep = self._state.settings.orphan_result_seconds
        record.scope.timer("orphan", keep, partial(self._grace_over, record))

    def _log(self, record: JobRecord) -> BoundLogger:
        return self._state.logger.bind(job=record.job_id)
