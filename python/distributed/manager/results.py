"""Results from workers: each attempt counts once, the first that completed wins."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from distributed.messages.base import Gone, Message, Refused
from distributed.messages.progress import AttemptProgress
from distributed.messages.results import ResultsRecorded, WorkerResults, WorkflowResult
from distributed.transport.interface import Context, Handlers
from distributed.types import WorkflowState as State

from .lifecycle import Lifecycle
from .progress import Progress
from .reconcile import Reconcile
from .record import Entry, JobRecord
from .state import ManagerState

LAST_SEQUENCE = 2**53
FULL = "results wait here for a gate that records nothing"
RETRY_SECONDS = 1.0


class Results:
    """Takes results in, in any order, any number of times.

    The rule for results that come late: the first attempt that completed is the result, even
    if it was believed lost; a newer attempt that is out is then stopped. Any other end of an
    attempt that is not the current one changes nothing. A result is answered as recorded only
    when the gate said so, or when it changes nothing.
    """

    def __init__(
        self,
        state: ManagerState,
        lifecycle: Lifecycle,
        progress: Progress,
        reconcile: Reconcile,
    ) -> None:
        self._state = state
        self._lifecycle = lifecycle
        self._progress = progress
        self._reconcile = reconcile

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {WorkerResults: self.receive}

    def receive(self, context: Context, message: Message) -> Message:
        """A worker's batch."""
        assert isinstance(message, WorkerResults)
        record = self._state.records.get(message.job_id)
        if record is None:
            return Gone(message.job_id)
        if self._state.overfull:
            return Refused("overloaded", FULL, retry_after_seconds=RETRY_SECONDS)
        settled = self.take(record, message.results)
        context.unhurried = not record.left
        return ResultsRecorded(message.job_id, settled)

    def take(
        self, record: JobRecord, results: Iterable[WorkflowResult]
    ) -> tuple[tuple[str, int], ...]:
        """Take results in; those that the worker need not keep."""
        settled: list[tuple[str, int]] = []
        for result in results:
            entry = record.entries.get(result.workflow)
            if entry is None:
                settled.append((result.workflow, result.attempt))
                continue
            record.adrift.pop((result.workflow, result.attempt), None)
            if not entry.state.final:
                self._take(record, entry, result)
            if (result.workflow, result.attempt) not in record.outbox:
                settled.append((result.workflow, result.attempt))
        return tuple(settled)

    def _take(self, record: JobRecord, entry: Entry, result: WorkflowResult) -> None:
        current = result.attempt == entry.attempt and entry.dispatch_id != ""
        lost = result.state == State.LOST
        if not current and result.attempt > entry.attempt:
            # Another manager started it: the report is news from a later attempt.
            self._stop_current(record, entry)
            self._lifecycle.adopt(record, entry, result.attempt, result.worker)
            current = True
        if not current and result.state != State.COMPLETED:
            return
        self._learn(record, entry, result)
        if lost:
            self._lifecycle.lose(record, entry, result.error or "no reason given")
            return
        ordered = record.ordered.get(result.workflow)
        if ordered is not None and result.state == State.CANCELLED:
            result = msgspec.structs.replace(result, state=ordered.value)
        if not current:
            self._late(record, entry, result)
        self._lifecycle.end(record, entry, result)

    def _late(self, record: JobRecord, entry: Entry, result: WorkflowResult) -> None:
        """An attempt believed lost completed: what was started in its place is stopped."""
        self._state.metrics.count("late_results")
        self._state.logger.bind(job=record.job_id, workflow=result.workflow).info(
            "attempt %d on %s completed after it was believed lost", result.attempt, result.worker
        )
        self._stop_current(record, entry)
        self._lifecycle.adopt(record, entry, entry.attempt, result.worker)

    def _stop_current(self, record: JobRecord, entry: Entry) -> None:
        """What is out is not wanted any more: free its cores here and have it stopped."""
        seat = self._state.seats.get(entry.worker)
        if seat is not None and entry.dispatch_id:
            seat.slots.release(entry.dispatch_id)
            self._reconcile.stop(record, seat, (entry.dispatch_id,), "another attempt completed")

    def _learn(self, record: JobRecord, entry: Entry, result: WorkflowResult) -> None:
        if result.run_seconds > 0 and entry.workflow.run:
            self._state.tiny.learn(entry.workflow.run, result.run_seconds)
        if result.counters or result.sketch:
            final = AttemptProgress(
                workflow=result.workflow,
                attempt=result.attempt,
                sequence=LAST_SEQUENCE,
                elapsed_seconds=result.run_seconds,
                counters=result.counters,
                sketch=result.sketch,
                worker=result.worker,
            )
            self._progress.merge(record, final)
