"""A job's story on its way to the ledger, and from there to those who watch.

Each step gets its sequence here. Steps of one job are written together, one write at a
time, so that they reach the ledger in order; watchers are told once a step is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from distributed.errors import ClosedError, LedgerConflict
from distributed.ledger.interface import Event, JobWrite, Placed, ResultRow, WorkflowRow
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import JobResult, JobUpdate
from distributed.types import JobState

from .logs import kept_logs
from .record import JobRecord, Pending
from .state import GateState
from .watching import Watching, result_update

LAZY_SECONDS = 0.02
_encode = msgspec.msgpack.Encoder().encode


class Stories:
    """Adds steps to jobs' stories and makes them durable."""

    def __init__(self, state: GateState, watching: Watching) -> None:
        self._state = state
        self._watching = watching
        self._due: list[JobRecord] = []
        self._telling = False
        self.on_ended: Callable[[JobRecord, JobResult], None] = lambda _record, _result: None

    def update(self, record: JobRecord, kind: str, **fields: Any) -> JobUpdate:
        """A durable step of this kind, queued for the next write."""
        record.sequence += 1
        update = JobUpdate(record.sequence, kind, self.elapsed(record), **fields)
        steps = record.steps()
        steps.updates.append(update)
        steps.events.append(Event(record.sequence, kind, _encode(update)))
        return update

    def elapsed(self, record: JobRecord) -> float:
        """Seconds since the job was accepted, by this gate's clock."""
        return round(max(0.0, self._state.clock.now() - record.accepted_at), 6)

    def advance(self, record: JobRecord, target: JobState, reason: str = "") -> None:
        """Move the job along its table and tell so; a step to the same state is none."""
        if record.state is target:
            return
        record.story.advance(target)
        record.steps().state = target.value
        self.update(record, "state", state=target.value, reason=reason)

    def reach(self, record: JobRecord, target: JobState) -> None:
        """Move to `target` through the states before it: news can overtake each other."""
        order = (JobState.ROUTED, JobState.DISPATCHED, JobState.RUNNING)
        for state in order[: order.index(target) + 1]:
            if record.story.can_become(state):
                self.advance(record, state)

    def route(
        self, record: JobRecord, datacenter: str, reason: str, decision: dict[str, Any]
    ) -> None:
        """Tell where the job goes; the ledger keeps the whole decision for `explain`."""
        record.sequence += 1
        update = JobUpdate(
            record.sequence,
            "routed",
            self.elapsed(record),
            datacenter=datacenter,
            reason=reason,
        )
        steps = record.steps()
        steps.updates.append(update)
        steps.events.append(Event(record.sequence, "routed", encode_routed(update, decision)))

    def add_result(self, record: JobRecord, result: WorkflowResult) -> None:
        """Queue a result; its place in the story is its own, no event is written beside it."""
        record.sequence += 1
        steps = record.steps()
        steps.results.append(
            ResultRow(
                result.workflow,
                result.datacenter,
                result.attempt,
                result.state,
                record.sequence,
                _encode(result),
            )
        )
        steps.updates.append(result_update(result, record.sequence, self.elapsed(record)))

    def add_placed(self, record: JobRecord, row: Placed) -> None:
        """Queue which manager runs what."""
        record.steps().placed.append(row)

    def add_workflow(self, record: JobRecord, row: WorkflowRow) -> None:
        """Queue a fact about one workflow."""
        record.steps().workflows.append(row)

    def order_cancel(self, record: JobRecord, reason: str) -> None:
        """Queue that a cancellation was ordered."""
        record.steps().cancel_reason = reason

    def flush(self, record: JobRecord) -> asyncio.Future[None]:
        """Write what is queued; resolves when everything queued so far is durable.

        Raises (through the future):
            LedgerConflict: this gate does not own the job any more.
            ClosedError: the gate stops before the ledger answered.
        """
        if record.settled is None:
            record.settled = asyncio.get_running_loop().create_future()
            record.settled.add_done_callback(_retrieve)
        settled = record.settled
        if record.created and record.flushing is None:
            self._write(record)
        return settled

    def soon(self, record: JobRecord) -> None:
        """Write what is queued shortly, unless something urgent takes it along."""
        if not self._due:
            self._state.timers.call_later(LAZY_SECONDS, self._flush_due)
        self._due.append(record)

    def flush_all(self) -> None:
        """Write whatever is queued, of every job: the gate is about to stop."""
        for record in self._state.records.values():
            if record.pending is not None and record.created and not record.ending:
                self.flush(record)

    def _flush_due(self) -> None:
        due, self._due = self._due, []
        for record in due:
            if record.pending is not None and not record.ending:
                self.flush(record)

    def end(self, record: JobRecord, outcome: JobResult) -> None:
        """Write the last steps with the end of the job, as one; no heir asks where it was.

        Once that is durable, watchers have the result and `on_ended` is called.
        """
        record.ending = True
        summary = _encode(msgspec.structs.replace(outcome, workflows=()))
        self._submit(record, outcome=outcome, summary=summary)

    def _write(self, record: JobRecord) -> None:
        settled = record.settled
        if record.pending is None:
            record.settled = None
            if settled is not None and not settled.done():
                settled.set_result(None)
            return
        self._submit(record)

    def _submit(
        self, record: JobRecord, *, outcome: JobResult | None = None, summary: bytes = b""
    ) -> None:
        steps = record.pending or Pending()
        record.pending = None
        settled = record.settled or asyncio.get_running_loop().create_future()
        settled.add_done_callback(_retrieve)
        record.settled = None
        write = JobWrite(
            record.job_id,
            self._state.name,
            record.epoch,
            state=steps.state,
            reason=outcome.reason if outcome else "",
            events=tuple(steps.events),
            results=tuple(steps.results),
            placed=tuple(steps.placed) if outcome is None else (),
            workflows=tuple(steps.workflows),
            cancel_reason=steps.cancel_reason,
            ended=outcome is not None,
            summary=summary,
            logs=b"" if outcome is None else kept_logs(record),
            tidy=outcome is not None and record.stored_bytes > 0,
        )
        ended = None if outcome is None else partial(self._ended, record, steps, outcome)
        record.flushing = self._state.ledger.record(write, ended)
        record.flushing.add_done_callback(
            lambda done: self._written(record, steps, settled, outcome, done)
        )

    def _written(
        self,
        record: JobRecord,
        steps: Pending,
        settled: asyncio.Future[None],
        outcome: JobResult | None,
        done: asyncio.Future[None],
    ) -> None:
        record.flushing = None
        error = ClosedError("the gate stops") if done.cancelled() else done.exception()
        if error is None:
            if not settled.done():
                settled.set_result(None)
            if outcome is not None:
                self.on_ended(record, outcome)
                return
            for row in steps.results:
                record.recorded(row.datacenter, row.state)
            self._watching.publish(record, steps.updates)
            if record.settled is not None and not record.ending:
                self._write(record)
            return
        for future in (settled, record.settled):
            if future is not None and not future.done():
                future.set_exception(error)
        record.settled = None
        if isinstance(error, LedgerConflict):
            self._state.logger.warning(
                "lost a job to another owner: %s", str(error), extra={"job": record.job_id}
            )
            self._state.drop(record)

    def _ended(self, record: JobRecord, steps: Pending, outcome: JobResult) -> None:
        """The end is durable: who waits for the result has it before all that an end brings.

        Of several that end in one commit, the first leaves at once and the others together.
        """
        for row in steps.results:
            record.recorded(row.datacenter, row.state)
        tell = partial(self._watching.finished, record, steps.updates, outcome)
        turn = self._state.pool.turn
        if self._telling:
            turn.soon(tell)
            return
        self._telling = True
        asyncio.get_running_loop().call_soon(self._told)
        with turn:
            turn.soon(tell)

    def _told(self) -> None:
        self._telling = False


def encode_routed(update: JobUpdate, decision: dict[str, Any]) -> bytes:
    """An update with the decision behind it: readers of updates skip the rest."""
    return _encode([*msgspec.to_builtins(update), decision])


def decode_decision(detail: bytes) -> dict[str, object]:
    """The decision that a `routed` event carries, with when and where."""
    fields: list[Any] = msgspec.msgpack.decode(detail)
    known = len(JobUpdate.__struct_fields__) + 1
    decision: dict[str, object] = fields[known] if len(fields) > known else {}
    return {"sequence": fields[1], "elapsed_seconds": fields[3], **decision}


def _retrieve(future: asyncio.Future[None]) -> None:
    """Mark a failure as seen: whoever awaits it sees it, and often nobody does."""
    if not future.cancelled():
        future.exception()
