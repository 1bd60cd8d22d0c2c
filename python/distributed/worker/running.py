"""From an accepted dispatch to its result: what the executor tells, turned into records."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial

import msgspec

from distributed.errors import ShoalError
from distributed.execution.events import Lost, Started
from distributed.execution.frames import Finished, Output, Progressed, Reported
from distributed.execution.interface import Event
from distributed.jobs.values import LARGE_BYTES, MAX_TEXT_CHARS
from distributed.messages.dispatch import Assignment
from distributed.messages.progress import WorkerLog
from distributed.messages.results import WorkflowResult
from distributed.stats.sketch import LatencySketch
from distributed.types import WorkflowState

from .delivery import Delivery
from .record import AttemptRecord, JobRecord
from .reporting import Reporting
from .state import WorkerState
from .transfers import Transfers

HOW_IT_ENDED = {"timed_out": "timed_out", "orphaned": "cancelled", "guard": "lost"}
"""Final state of an attempt that this worker ended itself, by why it did."""


class Running:
    """Starts attempts, follows them, and puts their results into the outbox.

    Attributes:
        on_due: called when an attempt's time is up.
    """

    on_due: Callable[[JobRecord, AttemptRecord], None]

    def __init__(
        self,
        state: WorkerState,
        delivery: Delivery,
        reporting: Reporting,
        transfers: Transfers,
    ) -> None:
        self._state = state
        self._transfers = transfers
        self._delivery = delivery
        self._reporting = reporting

    def start(self, record: JobRecord, attempt: AttemptRecord) -> None:
        """Hand the attempt to the executor.

        Raises:
            ConfigError: the executor cannot ever run it.
        """
        assignment = attempt.assignment
        if assignment.references:
            start = partial(self._start_with, record, attempt)
            self._transfers.bring(record, attempt, start, partial(self._moved, record, attempt))
        else:
            self._state.executor.start(assignment, partial(self._event, record, attempt))
        record.attempts[assignment.dispatch_id] = attempt
        self._state.attempts += 1
        self._state.promised_bytes += assignment.workflow.memory_bytes or 0
        self._state.events.note("accepted", assignment)
        self._state.forget_when_idle(record)
        self._set_deadline(record, attempt)

    def _start_with(
        self, record: JobRecord, attempt: AttemptRecord, assignment: Assignment
    ) -> None:
        """Hand an attempt to the executor whose inputs had to be fetched."""
        try:
            self._state.executor.start(assignment, partial(self._event, record, attempt))
        except ShoalError as error:
            self._put(record, attempt, "failed", error=str(error))

    def _moved(
        self,
        record: JobRecord,
        attempt: AttemptRecord,
        state: str,
        error: str,
        reference: str,
        event: Finished | None = None,
    ) -> None:
        """A transfer ended the attempt, or brought its value to where it is kept."""
        if attempt.ended_by:
            state = HOW_IT_ENDED.get(attempt.ended_by, "cancelled")
        if event is not None:
            event = msgspec.structs.replace(event, value=b"", reference=reference)
        self._put(record, attempt, state, error=error, event=event)

    def never_started(
        self, record: JobRecord, attempt: AttemptRecord, state: str, reason: str
    ) -> None:
        """Record the end of an attempt that was not given to the executor."""
        self._put(record, attempt, state, error=reason)

    def end(self, record: JobRecord, attempt: AttemptRecord, by: str, reason: str) -> None:
        """Ask an attempt to stop, by force after the grace, and remember why."""
        if attempt.ended_by:
            return
        attempt.ended_by, attempt.end_reason = by, reason
        grace = self._state.settings.cancel_grace_seconds
        self._state.executor.cancel(attempt.assignment.dispatch_id, grace, reason)

    def _event(self, record: JobRecord, attempt: AttemptRecord, event: Event) -> None:
        if attempt.assignment.dispatch_id not in record.attempts:
            return
        if isinstance(event, Finished):
            self._finished(record, attempt, event)
        elif isinstance(event, Started):
            self._started(record, attempt, event)
        elif isinstance(event, Reported):
            self._reported(record, attempt, event)
        elif isinstance(event, Progressed):
            attempt.done, attempt.total = event.done, event.total
            self._reporting.progressed(record, attempt)
        elif isinstance(event, Output):
            self._wrote(record, attempt, event)
        else:
            self._lost(record, attempt, event)

    def _started(self, record: JobRecord, attempt: AttemptRecord, event: Started) -> None:
        attempt.state = WorkflowState.RUNNING
        attempt.started_at = self._state.clock.now()
        attempt.pid = event.pid
        self._state.events.note("started", attempt.assignment, pid=event.pid)
        if attempt.assignment.workflow.timeout_seconds is not None:
            self._set_deadline(record, attempt)

    def _reported(self, record: JobRecord, attempt: AttemptRecord, event: Reported) -> None:
        if attempt.sketch is None:
            attempt.sketch = LatencySketch()
        latencies = array("d")
        latencies.frombytes(event.latencies)
        attempt.sketch.add_many(latencies.tolist())
        attempt.counters = event.counters
        self._reporting.progressed(record, attempt)

    def _wrote(self, record: JobRecord, attempt: AttemptRecord, event: Output) -> None:
        workflow = attempt.assignment.workflow.name
        log = WorkerLog(
            record.job_id,
            workflow,
            attempt.assignment.attempt,
            event.stream,
            event.lines,
            event.dropped,
        )
        self._reporting.wrote(record, log)

    def _finished(self, record: JobRecord, attempt: AttemptRecord, event: Finished) -> None:
        state, error = event.state, event.error
        if state != "completed" and attempt.ended_by:
            state = HOW_IT_ENDED.get(attempt.ended_by, "cancelled")
            error = attempt.end_reason or error
        if state == "completed" and (event.reference or len(event.value) > LARGE_BYTES):
            self._carry(record, attempt, event)
            return
        self._put(record, attempt, state, error=error, event=event)

    def _carry(self, record: JobRecord, attempt: AttemptRecord, event: Finished) -> None:
        """Bring a large value to safety; the attempt's own timeout does not count for that."""
        record.scope.cancel(timeout_of(attempt))
        attempt.pid, attempt.started_at = 0, None
        self._set_deadline(record, attempt)
        moved = partial(self._moved, record, attempt, event=event)
        self._transfers.carry(record, attempt, event, moved)

    def _lost(self, record: JobRecord, attempt: AttemptRecord, event: Lost) -> None:
        self._put(record, attempt, "lost", error=event.reason)

    def _put(
        self,
        record: JobRecord,
        attempt: AttemptRecord,
        state: str,
        *,
        error: str = "",
        event: Finished | None = None,
    ) -> None:
        assignment = attempt.assignment
        result = WorkflowResult(
            workflow=assignment.workflow.name,
            attempt=assignment.attempt,
            state=state,
            value=event.value if event else b"",
            error=error[:MAX_TEXT_CHARS],
            traceback=event.traceback[:MAX_TEXT_CHARS] if event else "",
            datacenter=self._state.identity.datacenter,
            worker=self._state.name,
            run_seconds=event.run_seconds if event else 0.0,
            reference=event.reference if event else "",
            sketch=attempt.sketch.to_bytes() if attempt.sketch else b"",
            reports=int(attempt.counters.get("reports", 0)),
            counters=attempt.counters,
        )
        attempt.state = WorkflowState(state)
        attempt.span.end("" if state == "completed" else error or state, state=state)
        if record.attempts.pop(assignment.dispatch_id, None) is not None:
            self._state.attempts -= 1
            self._state.promised_bytes -= assignment.workflow.memory_bytes or 0
            record.scope.cancel(timeout_of(attempt))
        self._state.events.note(state, assignment, error=error)
        self._state.metrics.count("attempts_ended", state=state)
        record.outbox.put(result)
        for watcher in attempt.watchers:
            if not watcher.done():
                watcher.set_result(state)
        self._delivery.wake(record)

    def _set_deadline(self, record: JobRecord, attempt: AttemptRecord) -> None:
        """The earlier of the job's deadline and the attempt's timeout, where there is one."""
        ends = []
        assignment = attempt.assignment
        if assignment.remaining_seconds is not None:
            ends.append(attempt.accepted_at + assignment.remaining_seconds)
        if attempt.started_at is not None and assignment.workflow.timeout_seconds is not None:
            ends.append(attempt.started_at + assignment.workflow.timeout_seconds)
        if ends:
            self._arm(record, attempt, min(ends) - self._state.clock.now())

    def extend(self, record: JobRecord, attempt: AttemptRecord, seconds: float) -> None:
        """Let the attempt run for `seconds` from now, though not past the job's deadline."""
        remaining = attempt.assignment.remaining_seconds
        if remaining is not None:
            left = attempt.accepted_at + remaining - self._state.clock.now()
            seconds = min(seconds, left)
        self._arm(record, attempt, seconds)

    def _arm(self, record: JobRecord, attempt: AttemptRecord, seconds: float) -> None:
        record.scope.timer(timeout_of(attempt), seconds, partial(self.on_due, record, attempt))


def timeout_of(attempt: AttemptRecord) -> str:
    """The name of an attempt's timer."""
    return f"timeout:{attempt.assignment.dispatch_id}"
