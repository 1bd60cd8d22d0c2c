"""Cancelling: recorded first, then sent down, answered with what became of each workflow.

A cancellation that the owner ordered before the last result was recorded wins over
completion. The job is said to be cancelled once every datacenter has answered for its
workers, or was silent for longer than the patience allows; then the silent ones are named.
"""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec

from distributed.errors import PeerRefused, TransportError
from distributed.jobs.graph import DependencyGraph
from distributed.ledger.interface import StoredJob, WorkflowRow
from distributed.messages.base import Gone, Redirect, Refused
from distributed.messages.cancel import CancelInDatacenter, CancelJob, CancelOutcome
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import JobResult
from distributed.transport.interface import Context, Handlers
from distributed.types import JobState

from .answers import Answers, decode_job
from .ending import Ending
from .record import DatacenterRun, JobRecord
from .state import GateState
from .story import Stories

CANCELLED, FINISHED, UNREACHABLE = "cancelled", "finished", "unreachable"
UNCONFIRMED = "its worker did not confirm the cancellation"
PAUSE_SECONDS = 0.2
_decode_summary = msgspec.msgpack.Decoder(JobResult).decode

Answer = CancelOutcome | Gone | Redirect | Refused


class Cancellation:
    """The cancellation conversation: clients ask, managers carry out."""

    def __init__(self, state: GateState, stories: Stories, ending: Ending) -> None:
        self._state = state
        self._stories = stories
        self._ending = ending

    def handlers(self) -> Handlers:
        """What clients ask."""
        return {CancelJob: self._cancel}

    async def _cancel(self, _context: Context, message: CancelJob) -> Answer:
        record = self._state.records.get(message.job_id)
        if record is None:
            return await self._not_here(message)
        if not self._state.holding:
            reason = "this gate cannot reach the ledger; a cancellation would not be durable"
            return Refused("ledger_unavailable", reason, retry_after_seconds=1.0)
        if message.workflow:
            return await self._cancel_workflow(record, message)
        reason = message.reason or "asked for by the client"
        if record.ending or record.ordered is not None:
            return CancelOutcome(record.job_id, self._outcomes(record, {}))
        if record.cancelling is None:
            record.cancelling = reason
            self._stories.order_cancel(record, reason)
            self._stories.update(
                record, "state", state=record.state.value, reason=f"cancelling: {reason}"
            )
            await asyncio.shield(self._stories.flush(record))
        return await self._carry_out(record)

    def resume(self, record: JobRecord) -> None:
        """Go on with a cancellation that an earlier owner recorded."""
        self._state.spawn(record, "cancel", lambda: self._carry_out(record))

    async def _carry_out(self, record: JobRecord) -> CancelOutcome:
        told: dict[tuple[str, str], str] = {}
        runs = [run for run in record.runs.values() if not run.done]
        await asyncio.gather(*(self._stop_part(record, run, (), told) for run in runs))
        answer = CancelOutcome(record.job_id, self._outcomes(record, told))
        silent = {name for name, outcome in answer.outcomes if outcome == UNREACHABLE}
        for name in silent:
            if record.gaps is None:
                record.gaps = {}
            record.gaps[name.partition("@")[0]] = UNCONFIRMED
        self._ending.order(record, JobState.CANCELLED, record.cancelling or "")
        return answer

    async def _cancel_workflow(self, record: JobRecord, message: CancelJob) -> Answer:
        if not record.has_workflow(message.workflow):
            return _no_workflow(message)
        names = (message.workflow, *record.graph.dependents(message.workflow))
        reason = message.reason or "asked for by the client"
        if record.withdrawn is None:
            record.withdrawn = {}
        for name in names:
            record.withdrawn.setdefault(name, reason)
            self._stories.add_workflow(record, WorkflowRow(name, CANCELLED, 0, reason))
        await asyncio.shield(self._stories.flush(record))
        told: dict[tuple[str, str], str] = {}
        await asyncio.gather(
            *(
                self._stop_part(record, run, names, told)
                for run in tuple(record.runs.values())
                if not run.done and set(names).intersection(record.runs_here(run))
            )
        )
        outcomes = tuple(
            (name, outcome)
            for name, outcome in self._outcomes(record, told)
            if name.partition("@")[0] in names
        )
        return CancelOutcome(record.job_id, outcomes)

    def repeat(self, record: JobRecord, run: DatacenterRun) -> None:
        """Tell a manager that has just taken a part which of its workflows were cancelled."""
        here = record.runs_here(run)
        names = tuple(name for name in record.withdrawn or () if name in here)
        if names:
            stop = partial(self._stop_part, record, run, names, {})
            self._state.spawn(record, f"cancel again in {run.datacenter}", stop)

    async def _stop_part(
        self,
        record: JobRecord,
        run: DatacenterRun,
        names: tuple[str, ...],
        told: dict[tuple[str, str], str],
    ) -> None:
        """Have one datacenter stop; asks again, its successor too, while patience lasts."""
        settings = self._state.settings
        give_up_at = self._state.clock.now() + settings.cancel_patience_seconds
        timeout = settings.cancel_grace_seconds + settings.request_timeout_seconds
        while not run.done and self._state.clock.now() < give_up_at:
            if not run.manager_epoch:
                return
            if not run.started or not run.address:
                await self._state.clock.sleep(PAUSE_SECONDS)
                continue
            message = CancelInDatacenter(
                record.job_id,
                record.epoch,
                names,
                record.cancelling or "",
                settings.cancel_grace_seconds,
            )
            try:
                reply = await self._state.pool.request(run.address, message, timeout=timeout)
            except (TransportError, PeerRefused) as error:
                self._state.logger.warning(
                    "%s did not cancel: %s", run.manager, error, extra={"job": record.job_id}
                )
                await self._state.clock.sleep(PAUSE_SECONDS)
                continue
            if isinstance(reply, CancelOutcome):
                told.update({(name, run.datacenter): what for name, what in reply.outcomes})
            return

    def _outcomes(
        self, record: JobRecord, told: dict[tuple[str, str], str]
    ) -> tuple[tuple[str, str], ...]:
        """Each workflow's fate; in a job of several replicas with its datacenter."""
        unstarted = UNREACHABLE if record.strayed else CANCELLED
        if not record.runs:
            return tuple((workflow.name, unstarted) for workflow in record.job.workflows)
        several = len(record.runs) > 1 and record.job.placement.mode == "replicate"
        outcomes = []
        for run in record.runs.values():
            for name in record.runs_here(run):
                result = record.results.get((name, run.datacenter))
                if result is not None:
                    what = _fate(result)
                else:
                    absent = UNREACHABLE if run.manager_epoch else unstarted
                    what = told.get((name, run.datacenter), absent)
                    what = unstarted if what == CANCELLED else what
                outcomes.append((f"{name}@{run.datacenter}" if several else name, what))
        return tuple(outcomes)

    async def _not_here(self, message: CancelJob) -> Answer:
        where = await self._state.elsewhere(message.job_id)
        if isinstance(where, Redirect):
            return where
        stored = await self._state.ledger.head(message.job_id)
        if stored is None:
            return Gone(message.job_id)
        if stored.row.elapsed_seconds is None:
            return Refused("no_owner", "the job changes its owner", retry_after_seconds=0.2)
        workflows = decode_job(stored.payload).workflows if message.workflow else ()
        if message.workflow and all(w.name != message.workflow for w in workflows):
            return _no_workflow(message)
        fates = [
            (result.workflow, _fate(result))
            async for result in Answers(self._state.ledger).each(message.job_id)
        ]
        outcomes = _outcomes_of_ended(stored, dict(fates))
        if message.workflow:
            asked = {message.workflow, *DependencyGraph(workflows).dependents(message.workflow)}
            outcomes = tuple(o for o in outcomes if o[0].partition("@")[0] in asked)
        return CancelOutcome(message.job_id, outcomes)


def _no_workflow(message: CancelJob) -> Refused:
    reason = f"the job has no workflow {message.workflow!r}"
    return Refused("unknown_workflow", reason, "workflow")


def _outcomes_of_ended(stored: StoredJob, fates: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Each workflow's fate in a job that is over, as its answer says."""
    cancelled = stored.row.state == JobState.CANCELLED.value
    for name, reason in _decode_summary(stored.summary).missing if stored.summary else ():
        absent = UNREACHABLE if reason == UNCONFIRMED else CANCELLED
        fates.setdefault(name, absent if cancelled else FINISHED)
    return tuple(fates.items())


def _fate(result: WorkflowResult) -> str:
    """What a cancellation may say of a workflow that has a result."""
    if result.state != CANCELLED:
        return FINISHED
    return UNREACHABLE if result.unconfirmed else CANCELLED
