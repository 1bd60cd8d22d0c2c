"""Getting a job's parts to managers, and to successors when a manager is lost.

Managers of a datacenter are asked in rendezvous order. Each one that is asked after another
carries a higher manager epoch, so that of two that took the part only the later one acts.
"""

from __future__ import annotations

import asyncio
from functools import partial

from distributed.errors import PeerRefused, TransportError
from distributed.messages.base import Gone, Redirect
from distributed.messages.dispatch import DropJob, JobStarted, ProvideInputs, StartJob
from distributed.messages.results import WorkflowResult
from distributed.reliability.retry import RetryPolicy
from distributed.types import JobState

from .ending import Ending
from .managers import Managers, ManagerView
from .placing import Placing
from .record import DatacenterRun, JobRecord
from .state import GateState
from .story import Stories

ROUNDS = RetryPolicy(attempts=0, base_seconds=0.1, cap_seconds=2.0)
MOVING_ON = frozenset({"overloaded", "rate_limited", "draining", "busy", "stopping"})
"""Refusals that say nothing about the job: another manager, or the same one later."""


class Dispatch:
    """Sends jobs' parts where they run."""

    def __init__(
        self,
        state: GateState,
        managers: Managers,
        placing: Placing,
        stories: Stories,
        ending: Ending,
    ) -> None:
        self._state = state
        self._managers = managers
        self._placing = placing
        self._stories = stories
        self._ending = ending
        managers.on_lost = self._manager_lost

    def begin(self, record: JobRecord) -> None:
        """Place and start a job in the background."""
        self._state.spawn(record, "dispatch", lambda: self._place(record))

    def restart(self, record: JobRecord, run: DatacenterRun, reason: str) -> None:
        """Name a successor for the manager of a part, in the background."""
        run.started = False
        run.manager_epoch += 1
        self._state.spawn(
            record, f"restart {run.datacenter}", lambda: self._start(record, run, reason)
        )

    async def _place(self, record: JobRecord) -> None:
        give_up_at = self._state.clock.now() + self._state.settings.place_patience_seconds
        failures = 0
        while not self._placing.place(record):
            failures += 1
            if self._state.clock.now() >= give_up_at:
                self._ending.order(record, JobState.FAILED, self._unplaceable())
                return
            await self._pause(failures)
        self._stories.advance(record, JobState.ROUTED)
        runs = tuple(record.runs.values())
        if len(runs) == 1:
            await self._start(record, runs[0], "")
        else:
            await asyncio.gather(*(self._start(record, run, "") for run in runs))

    def _unplaceable(self) -> str:
        excluded = "; ".join(
            f"{name}: {candidate.exclusion}"
            for name, candidate in self._managers.candidates().items()
            if candidate.exclusion
        )
        return f"no datacenter can take the job ({excluded or 'none is known'})"

    async def _start(self, record: JobRecord, run: DatacenterRun, reason: str) -> None:
        """Ask managers until one takes the part, then other datacenters, then give up."""
        patience = self._state.settings.place_patience_seconds
        give_up_at = self._state.clock.now() + patience
        failures = 0
        why = reason
        while not self._settled(record):
            for view in self._managers.order(record.job_id, run.datacenter):
                why = await self._ask(record, run, view)
                if not why:
                    self._taken(record, run)
                    return
                if self._settled(record):
                    return
            failures += 1
            alone = not self._managers.live(run.datacenter)
            late = self._state.clock.now() >= give_up_at
            if late or (failures > 2 and not run.started and alone):
                successor = self._placing.replace(record, run, why or "no manager answers")
                if successor is not None:
                    await self._start(record, successor, why)
                    return
            if late:
                self._abandon(record, run, why or "no manager answers")
                return
            await self._pause(failures)

    @staticmethod
    def _settled(record: JobRecord) -> bool:
        """Whether the job's end is decided, so that no part of it may start."""
        return record.ordered is not None or record.cancelling is not None or record.ending

    async def _ask(self, record: JobRecord, run: DatacenterRun, view: ManagerView) -> str:
        """Offer the part to one manager; why it did not take it, "" where it did."""
        if run.manager != view.name or not run.manager_epoch:
            run.manager_epoch += 1
            run.manager, run.address = view.name, view.address
        try:
            reply = await self._state.pool.request(
                view.address,
                self._message(record, run),
                timeout=self._state.settings.request_timeout_seconds,
            )
        except PeerRefused as refusal:
            if refusal.code == "stale_fence":
                self._state.logger.warning(
                    "a manager knows a newer owner", extra={"job": record.job_id}
                )
                self._state.drop(record)
                return refusal.reason
            if refusal.code not in MOVING_ON:
                self._ending.order(record, JobState.FAILED, f"{view.name}: {refusal.reason}")
            self._placing.router.failed(run.datacenter, self._state.clock.now())
            return f"{view.name} refused: {refusal.reason}"
        except TransportError as error:
            return f"{view.name}: {error}"
        if isinstance(reply, JobStarted):
            return ""
        if isinstance(reply, Gone | Redirect):
            return f"{view.name} passed the job on"
        return f"{view.name} answered with {type(reply).__name__}"

    def _message(self, record: JobRecord, run: DatacenterRun) -> StartJob:
        inputs: tuple[WorkflowResult, ...] = ()
        if record.results:
            inputs = tuple(record.results.values())
        return StartJob(
            record.job_id,
            record.epoch,
            run.manager_epoch,
            self._state.name,
            self._state.address,
            record.job,
            run.names,
            inputs=inputs,
            remaining_seconds=max(0.001, record.deadline_at - self._state.clock.now()),
        )

    def _taken(self, record: JobRecord, run: DatacenterRun) -> None:
        run.started = True
        if self._state.records.get(record.job_id) is not record or record.ending:
            self.forget(record, run)
            return
        self._stories.add_placed(record, run.row(b"\x00".join(n.encode() for n in run.names)))
        if record.state in (JobState.SUBMITTED, JobState.ROUTED):
            if record.state is JobState.SUBMITTED:
                self._stories.advance(record, JobState.ROUTED)
            self._stories.advance(record, JobState.DISPATCHED)
        self._stories.soon(record)

    def _abandon(self, record: JobRecord, run: DatacenterRun, why: str) -> None:
        run.finished = True
        run.reason = why
        self._ending.gap(record, run, f"no manager of {run.datacenter} took it: {why}")
        self._ending.settle(record)

    def provide(self, record: JobRecord, result: WorkflowResult) -> None:
        """Pass a result on to the other datacenters where something waits for it."""
        if len(record.runs) < 2 or record.job.placement.mode == "replicate":
            return
        if result.state != "completed" or not record.graph.dependents(result.workflow):
            return
        dependants = {
            name
            for name in record.graph.dependents(result.workflow)
            if result.workflow in record.graph.needs(name)
        }
        for run in record.runs.values():
            if run.datacenter == result.datacenter or run.done or not run.started:
                continue
            if dependants.intersection(record.runs_here(run)):
                self._state.spawn(
                    record,
                    f"provide {result.workflow} to {run.datacenter}",
                    partial(self._provide, record, run, result),
                )

    async def _provide(self, record: JobRecord, run: DatacenterRun, result: WorkflowResult) -> None:
        failures = 0
        message = ProvideInputs(record.job_id, record.epoch, (result,))
        while run.started and not run.done:
            try:
                await self._state.pool.request(
                    run.address, message, timeout=self._state.settings.request_timeout_seconds
                )
            except PeerRefused as refusal:
                self._state.logger.warning(
                    "%s refused an input: %s", run.manager, refusal, extra={"job": record.job_id}
                )
                if refusal.code == "stale_fence":
                    return
            except TransportError as error:
                self._state.logger.info("%s", error, extra={"job": record.job_id})
            else:
                return
            failures += 1
            await self._pause(failures)

    def forget(self, record: JobRecord, run: DatacenterRun) -> None:
        """Tell a manager that the job has ended; one that does not hear learns by `Gone`."""
        connection = self._state.pool.opened(run.address) if run.address else None
        if connection is not None:
            connection.try_send(DropJob(record.job_id, record.epoch))

    def _manager_lost(self, name: str, reason: str) -> None:
        for record in tuple(self._state.records.values()):
            for run in tuple(record.runs.values()):
                if run.manager == name and run.started and not run.done:
                    self._stories.update(
                        record,
                        "takeover",
                        datacenter=run.datacenter,
                        reason=f"manager {name} is lost ({reason}); another takes over",
                    )
                    self.restart(record, run, reason)

    async def _pause(self, failures: int) -> None:
        bound = ROUNDS.bound(failures)
        await self._state.clock.sleep(bound * (0.5 + self._state.rng.random() / 2))
