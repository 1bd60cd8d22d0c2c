"""Taking on work: assignments, reports of what is here, and forgetting."""

from __future__ import annotations

from distributed.errors import ConfigError
from distributed.jobs.fence import fence
from distributed.messages.base import Done, Gone, Message, Refused
from distributed.messages.dispatch import (
    Assignment,
    AssignmentsTaken,
    AssignWorkflows,
    DropJob,
    ReportWork,
    WorkReport,
)
from distributed.transport.interface import Context, Handlers

from .orphans import Orphans
from .record import AttemptRecord, JobRecord
from .running import Running
from .state import WorkerState

FIRST_FENCE = fence(1, 1)
"""The fence of a job's first owner and first manager: nobody commanded it before them."""


class Assignments:
    """Accepts or refuses each dispatch with a reason, by one rule for duplicates.

    A dispatch id seen before, or an attempt whose result is still here, is accepted again and
    started once: an assignment may be repeated until it is answered.
    """

    def __init__(self, state: WorkerState, running: Running, orphans: Orphans) -> None:
        self._state = state
        self._running = running
        self._orphans = orphans

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {AssignWorkflows: self.assign, ReportWork: self.report, DropJob: self.drop}

    def assign(self, context: Context, message: Message) -> Message:
        """Take on what can be taken on."""
        assert isinstance(message, AssignWorkflows)
        accepted: list[str] = []
        refused: list[tuple[str, str]] = []
        for assignment in message.batch:
            reason = self._take(assignment, message.manager, message.manager_address)
            if reason is None:
                accepted.append(assignment.dispatch_id)
            else:
                refused.append((assignment.dispatch_id, reason))
                self._state.metrics.count("assignments_refused", reason=reason)
        context.unhurried = not refused
        return AssignmentsTaken(tuple(accepted), tuple(refused), self._state.executor.free_slots)

    def report(self, _: Context, message: Message) -> Message:
        """Tell a (new) manager all that is here of the job, and obey it from now on."""
        assert isinstance(message, ReportWork)
        known = self._state.records.get(message.job_id)
        if known is not None and message.epoch < known.fence:
            return stale(known, message.epoch)
        record = self._state.record_for(message.job_id)
        self._orphans.commanded(record, message.epoch, message.manager, message.manager_address)
        record.outbox.resend_all()
        running = tuple(attempt.as_running_work() for attempt in record.attempts.values())
        report = WorkReport(message.job_id, running, record.outbox.some())
        record.outbox.sent(report.results, self._state.clock.now())
        self._state.forget_when_idle(record)
        return report

    def drop(self, _: Context, message: Message) -> Message:
        """The job has ended."""
        assert isinstance(message, DropJob)
        record = self._state.records.get(message.job_id)
        if record is None or record.ended:
            return Gone(message.job_id)
        if message.epoch < record.fence:
            return stale(record, message.epoch)
        others_before = message.epoch > FIRST_FENCE
        self._state.drop(record, "the job has ended", keep_fence=others_before)
        return Done()

    def _take(self, assignment: Assignment, manager: str, address: str) -> str | None:
        """Start the assignment; or why not."""
        state = self._state
        record = state.records.get(assignment.job_id)
        if record is not None:
            if assignment.epoch < record.fence:
                return "stale_fence"
            if record.ended and assignment.epoch == record.fence:
                return "gone"
            known = (assignment.workflow.name, assignment.attempt) in record.outbox
            if known or assignment.dispatch_id in record.attempts:
                self._orphans.commanded(record, assignment.epoch, manager, address)
                return None
        reason = self._no_room(assignment)
        if reason is not None:
            return reason
        record = state.record_for(assignment.job_id)
        self._orphans.commanded(record, assignment.epoch, manager, address)
        return self._start(record, assignment)

    def _start(self, record: JobRecord, assignment: Assignment) -> str | None:
        attempt = AttemptRecord(assignment, self._state.clock.now())
        if self._state.tracer.on:
            attempt.span = self._state.tracer.begin(
                "workflow",
                assignment.trace,
                job=assignment.job_id,
                workflow=assignment.workflow.name,
                attempt=assignment.attempt,
            )
        if assignment.dispatch_id in record.forestalled:
            self._running.never_started(record, attempt, "cancelled", "cancelled before it came")
            return None
        try:
            self._running.start(record, attempt)
        except ConfigError as error:
            self._state.logger.bind(job=record.job_id).warning(
                "cannot run %s: %s", assignment.workflow.name, error
            )
            return "unfit"
        return None

    def _no_room(self, assignment: Assignment) -> str | None:
        state = self._state
        if state.draining:
            return "draining"
        if state.overload == "overloaded":
            return "overloaded"
        if state.overfull:
            return "undelivered"
        if state.attempts - state.executor.slots >= state.settings.queue_limit:
            return "full"
        if assignment.workflow.cores > state.executor.slots:
            return "too_wide"
        promised = state.promised_bytes + (assignment.workflow.memory_bytes or 0)
        if assignment.workflow.memory_bytes and promised > state.settings.memory_bytes > 0:
            return "memory"
        return None


def stale(record: JobRecord, offered: int) -> Refused:
    """The refusal of a command under a lower fence."""
    return Refused(
        "stale_fence", f"fence {offered} for job {record.job_id} is stale, {record.fence} holds"
    )
