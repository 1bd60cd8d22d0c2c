"""Results on their way in: held until durable, acknowledged then, told once.

A result is a fact whoever sends it and under whatever epoch; repeats are acknowledged and
change nothing. A gate that does not own the job says who does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import msgspec

from distributed.errors import ClosedError, LedgerConflict
from distributed.messages.base import Done, Gone, Redirect, Refused
from distributed.messages.results import (
    DatacenterFinished,
    DatacenterResults,
    ResultsRecorded,
)
from distributed.routing.dispatch_times import critical_path_seconds
from distributed.transport.interface import Context, Handlers
from distributed.types import JobState, Role, WorkflowState

from .ending import Ending
from .inputs import Inputs
from .managers import Managers
from .record import DatacenterRun, JobRecord
from .state import GateState
from .story import Stories

FINAL = frozenset(state.value for state in WorkflowState if state.final)
SPARE_SECONDS = 0.25
"""Left of a sender's patience when it is told that the ledger needs longer."""


class Results:
    """The result conversation with managers."""

    def __init__(
        self,
        state: GateState,
        managers: Managers,
        stories: Stories,
        inputs: Inputs,
        ending: Ending,
    ) -> None:
        self._state = state
        self._managers = managers
        self._stories = stories
        self._inputs = inputs
        self._ending = ending

    def handlers(self) -> Handlers:
        """What managers send."""
        return {DatacenterResults: self._results, DatacenterFinished: self._finished}

    def take(self, record: JobRecord, message: DatacenterResults) -> None:
        """Hold what is new of a batch and queue it for the ledger."""
        fresh = []
        for result in message.results:
            if result.state not in FINAL or not record.has_workflow(result.workflow):
                self._state.metrics.count("results_refused")
                self._state.logger.warning(
                    "%s sent a result that cannot be: workflow %r, state %r",
                    message.datacenter,
                    result.workflow,
                    result.state,
                    extra={"job": record.job_id},
                )
                continue
            stray = record.strayed and result.state == WorkflowState.CANCELLED
            taken = msgspec.structs.replace(
                result,
                taken_seconds=self._stories.elapsed(record),
                unconfirmed=result.unconfirmed or stray,
            )
            if self._state.take(record, taken):
                fresh.append(taken)
            else:
                self._state.metrics.count("results_repeated")
        if not fresh:
            return
        now = self._state.clock.now()
        for result in fresh:
            if result.sketch and not self._managers.knowledge.served(
                message.datacenter, result.sketch, now
            ):
                self._state.metrics.count("sketches_refused")
        run = record.runs.get(message.datacenter)
        if run is not None and run.left <= 0 and run.route is not None:
            run.route.finished(self._state.clock.now(), _execution_seconds(record, run))
        self._stories.reach(record, JobState.RUNNING)
        for result in fresh:
            self._stories.add_result(record, result)
            self._inputs.provide(record, result)

    def _results(
        self, context: Context, message: DatacenterResults
    ) -> Awaitable[ResultsRecorded | Gone | Redirect | Refused]:
        """Take a batch in on its arrival; only its answer waits."""
        record = self._state.records.get(message.job_id)
        if record is None:
            return self._state.elsewhere(message.job_id)
        recorded = tuple((result.workflow, result.attempt) for result in message.results)
        self.take(record, message)
        if self._ending.due(record):
            durable = self._durable(record)
            self._ending.settle(record)
        else:
            durable = self._stories.flush(record)
        return self._recorded(context, record, message.datacenter, recorded, durable)

    async def _recorded(
        self,
        context: Context,
        record: JobRecord,
        datacenter: str,
        recorded: tuple[tuple[str, int], ...],
        durable: asyncio.Future[None],
    ) -> ResultsRecorded | Gone | Redirect | Refused:
        try:
            reply = await self._acknowledge(context, record.job_id, recorded, durable)
            superseded = _superseded(record, datacenter, context)
            context.unhurried = record.ending
            return msgspec.structs.replace(reply, superseded=superseded)
        except LedgerConflict:
            return await self._state.elsewhere(record.job_id)
        except ClosedError:
            return Refused("stopping", "this gate is stopping", retry_after_seconds=0.2)

    def _durable(self, record: JobRecord) -> asyncio.Future[None]:
        """What resolves with the job's next write, without starting one of its own."""
        if record.settled is None:
            record.settled = asyncio.get_running_loop().create_future()
        return record.settled

    async def _acknowledge(
        self,
        context: Context,
        job_id: str,
        recorded: tuple[tuple[str, int], ...],
        durable: asyncio.Future[None],
    ) -> ResultsRecorded:
        """Answer when durable; where that takes too long, answer later by a notice."""
        patience = self._state.settings.request_timeout_seconds
        if context.deadline is not None:
            patience = context.deadline - self._state.clock.now() - SPARE_SECONDS
        try:
            async with asyncio.timeout(max(0.0, patience)):
                await asyncio.shield(durable)
        except TimeoutError:
            reply = ResultsRecorded(job_id, recorded)
            durable.add_done_callback(
                lambda done: (
                    done.cancelled() or done.exception() or context.connection.try_send(reply)
                )
            )
            return ResultsRecorded(job_id, ())
        return ResultsRecorded(job_id, recorded)

    async def _finished(
        self, _context: Context, message: DatacenterFinished
    ) -> Done | Gone | Redirect:
        record = self._state.records.get(message.job_id)
        if record is None:
            return await self._state.elsewhere(message.job_id)
        run = record.runs.get(message.datacenter)
        if run is not None and not run.finished:
            run.finished = True
            run.reason = message.reason
            if run.route is not None:
                run.route.abandoned()
            if run.left > 0:
                self._ending.gap(record, run, message.reason or f"not run in {run.datacenter}")
            self._ending.settle(record)
        return Done()


def _execution_seconds(record: JobRecord, run: DatacenterRun) -> float:
    """What the part's workflows took by themselves, one after another where they must."""
    names = set(record.runs_here(run))
    run_seconds = {
        result.workflow: result.run_seconds
        for (name, datacenter), result in record.results.items()
        if datacenter == run.datacenter and name in names
    }
    return critical_path_seconds(record.job.workflows, run_seconds)


def _superseded(record: JobRecord, datacenter: str, context: Context) -> bool:
    """Whether another manager than the one that asks has the part of its datacenter."""
    peer = context.connection.peer
    run = record.runs.get(datacenter)
    if peer.role is not Role.MANAGER or not record.runs:
        return False
    return run is None or (run.started and run.manager != peer.name)
