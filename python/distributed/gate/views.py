"""What clients read: results, where a job stands, lists, histories, explanations.

An open job is answered by its owner from memory, an ended one by any gate from the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from distributed.errors import JobRejected
from distributed.jobs.outcome import better
from distributed.jobs.values import by_reference
from distributed.ledger.interface import JobRow, StoredJob
from distributed.messages.base import Gone, Redirect
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import (
    ExplainJob,
    Explanation,
    FetchResult,
    JobEvent,
    JobEvents,
    JobHistory,
    JobList,
    JobPending,
    JobResult,
    JobView,
    ListJobs,
    ShowJob,
    WorkflowView,
)
from distributed.transport.interface import Context, Handlers
from distributed.types import WorkflowState

from .answers import Answers, decode_job
from .record import DatacenterRun, JobRecord
from .state import GateState
from .story import decode_decision

LIST_LIMIT = 1000
_decode_summary = msgspec.msgpack.Decoder(JobResult).decode


class Views:
    """Answers to readers; changes nothing."""

    def __init__(self, state: GateState) -> None:
        self._state = state
        self._answers = Answers(state.ledger)

    def handlers(self) -> Handlers:
        """What clients ask."""
        return {
            FetchResult: self._result,
            ShowJob: self._show,
            ListJobs: self._list,
            JobHistory: self._history,
            ExplainJob: self._explain,
        }

    async def _result(
        self, _context: Context, message: FetchResult
    ) -> JobResult | JobPending | Gone | Redirect:
        record = self._state.records.get(message.job_id)
        if record is not None:
            return JobPending(record.job_id, record.state.value)
        where = await self._state.elsewhere(message.job_id)
        if isinstance(where, Redirect):
            return where
        stored = await self._state.ledger.head(message.job_id)
        if stored is None:
            return where
        if stored.row.elapsed_seconds is None:
            return JobPending(message.job_id, stored.row.state)
        return await self._answers.whole(stored)

    async def _show(self, _context: Context, message: ShowJob) -> JobView | Gone | Redirect:
        job_id = await self._whole_id(message.job_id)
        record = self._state.records.get(job_id)
        if record is not None:
            return self._open_view(record)
        where = await self._state.elsewhere(job_id)
        if isinstance(where, Redirect):
            return where
        stored = await self._state.ledger.head(job_id)
        if stored is None:
            return where
        results: dict[str, WorkflowResult] = {}
        async for result in self._answers.each(job_id):
            held = better(results.get(result.workflow), result)
            results[result.workflow] = by_reference(held)
        return _stored_view(stored, results)

    async def _whole_id(self, given: str) -> str:
        """The id that a unique prefix stands for.

        Raises:
            JobRejected: the prefix fits several jobs.
        """
        if given in self._state.records or not given:
            return given
        found = await self._state.ledger.find(given)
        if given in found or not found:
            return given
        if len(found) > 1:
            listed = ", ".join((*found[:3], "…") if len(found) > 3 else found)
            raise JobRejected(
                "ambiguous", f"{given!r} fits several jobs ({listed})", field="job_id"
            )
        return found[0]

    def _open_view(self, record: JobRecord) -> JobView:
        now = self._state.clock.now()
        return JobView(
            record.job_id,
            record.job.name,
            record.state.value,
            self._state.name,
            record.epoch,
            max(0.0, now - record.accepted_at),
            reason=record.cancelling or "",
            workflows=tuple(_open_workflows(record)),
            datacenters=tuple(told for run in record.runs.values() if (told := run.told)),
            meta=record.job.meta,
        )

    async def _list(self, _context: Context, message: ListJobs) -> JobList:
        rows = await self._state.ledger.list_jobs(
            states=message.states,
            name=message.name,
            limit=max(1, min(message.limit, LIST_LIMIT)),
            before=message.before,
        )
        return JobList(tuple(_row_view(row) for row in rows))

    async def _history(self, _context: Context, message: JobHistory) -> JobEvents | Gone:
        job_id = await self._whole_id(message.job_id)
        limit = max(1, min(message.limit, LIST_LIMIT))
        ledger = self._state.ledger
        events = await ledger.events(job_id, after=message.after_sequence, limit=limit)
        outline = await ledger.outline(job_id)
        results = [row for row in outline if row.sequence > message.after_sequence]
        rows = [
            JobEvent(event.sequence, event.kind, event.wall, _detail(event.detail))
            for event in events
        ]
        rows += [
            JobEvent(
                row.sequence,
                "result",
                0.0,
                {
                    "workflow": row.workflow,
                    "datacenter": row.datacenter,
                    "attempt": row.attempt,
                    "state": row.state,
                },
            )
            for row in results[:limit]
        ]
        if not rows and not await ledger.find(job_id):
            return Gone(job_id)
        rows.sort(key=lambda row: row.sequence)
        return JobEvents(job_id, tuple(rows[:limit]))

    async def _explain(self, _context: Context, message: ExplainJob) -> Explanation | Gone:
        job_id = await self._whole_id(message.job_id)
        events = await self._state.ledger.events(job_id, limit=100_000)
        if not events:
            return Gone(job_id)
        return Explanation(
            tuple(decode_decision(event.detail) for event in events if event.kind == "routed")
        )


def _open_workflows(record: JobRecord) -> list[WorkflowView]:
    views = []
    runs: Mapping[str, DatacenterRun] = record.runs or {"": DatacenterRun("", (), 0)}
    for run in runs.values():
        here = set(run.names)
        for workflow in record.job.workflows:
            if here and workflow.name not in here:
                continue
            views.append(_open_workflow(record, run, workflow.name, workflow.after))
    return views


def _open_workflow(
    record: JobRecord, run: DatacenterRun, name: str, after: tuple[str, ...]
) -> WorkflowView:
    result = record.results.get((name, run.datacenter))
    entry = (run.entries or {}).get(name)
    change = (run.states or {}).get(name)
    if result is not None:
        state, worker, attempt, reason = result.state, result.worker, result.attempt, result.error
    elif change is not None:
        state, worker, attempt, reason = (
            change.state,
            change.worker,
            change.attempt,
            change.reason,
        )
    else:
        state, worker, attempt, reason = WorkflowState.PENDING.value, "", 0, ""
    view = WorkflowView(
        name,
        state,
        run.datacenter,
        worker,
        attempt,
        entry.done if entry else 0,
        entry.total if entry else 0,
        reason,
        after,
    )
    return view if result is None else _timed(view, result)


def _timed(view: WorkflowView, result: WorkflowResult) -> WorkflowView:
    """The view with when and how long the final attempt ran."""
    return msgspec.structs.replace(
        view,
        run_seconds=result.run_seconds,
        taken_seconds=result.taken_seconds,
        sketch=result.sketch,
    )


def _row_view(row: JobRow) -> JobView:
    return JobView(
        row.job_id,
        row.name,
        row.state,
        row.owner,
        row.epoch,
        row.age_seconds,
        row.reason,
        elapsed_seconds=row.elapsed_seconds,
    )


def _stored_view(stored: StoredJob, results: Mapping[str, WorkflowResult]) -> JobView:
    job = decode_job(stored.payload)
    views = []
    for workflow in job.workflows:
        held = results.get(workflow.name)
        if held is None:
            pending = WorkflowState.PENDING.value
            views.append(WorkflowView(workflow.name, pending, after=workflow.after))
            continue
        view = WorkflowView(
            workflow.name,
            held.state,
            held.datacenter,
            held.worker,
            held.attempt,
            reason=held.error,
            after=workflow.after,
        )
        views.append(_timed(view, held))
    summary = _decode_summary(stored.summary) if stored.summary else None
    return msgspec.structs.replace(
        _row_view(stored.row),
        workflows=tuple(views),
        meta=job.meta,
        datacenters=summary.datacenters if summary else (),
    )


def _detail(raw: bytes) -> dict[str, object]:
    """An event's fields by name; those that say nothing are left out."""
    if not raw:
        return {}
    fields: list[Any] = msgspec.msgpack.decode(raw)
    names = ("sequence", "kind", "elapsed_seconds", *_UPDATE_FIELDS)
    named = dict(zip(names, fields[1:], strict=False))
    return {name: value for name, value in named.items() if value not in ("", 0, (), [])}


_UPDATE_FIELDS = (
    "state",
    "workflow",
    "datacenter",
    "worker",
    "attempt",
    "reason",
    "done",
    "total",
    "datacenters",
    "decision",
)
