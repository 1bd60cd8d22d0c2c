"""Adopting jobs that have lost their owner, and going on where it stopped.

The ledger's epoch settles who owns a job: whoever takes it raises the epoch, and every
command of the former owner is refused from then on. A gate that sees most of the gates dead
may be the one that is cut off: it takes nothing by their death, only by leases that ran out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial

from distributed.errors import (
    LedgerConflict,
    LedgerError,
    LedgerUnavailable,
    PeerRefused,
    TransportError,
)
from distributed.jobs.values import by_reference
from distributed.ledger.interface import Lease, Orphan, StoredJob
from distributed.membership.events import Died, Left
from distributed.messages.dispatch import JobReport, QueryJob
from distributed.messages.results import DatacenterResults, WorkflowResult
from distributed.types import JobState

from .answers import Answers, decode_job
from .cancellation import Cancellation
from .deadlines import Deadlines, deadline_seconds
from .dispatch import Dispatch
from .ending import Ending
from .inputs import Inputs
from .managers import Managers, ManagerView
from .placing import placed_row
from .record import SPENT, DatacenterRun, JobRecord
from .results import Results
from .state import GateState
from .story import Stories

ADOPT_AT_ONCE = 64
"""Jobs adopted concurrently."""


class Takeover:
    """Adopts orphans: found by scanning, or at once when membership tells of a death."""

    def __init__(
        self,
        state: GateState,
        managers: Managers,
        stories: Stories,
        dispatch: Dispatch,
        inputs: Inputs,
        results: Results,
        ending: Ending,
        cancellation: Cancellation,
        deadlines: Deadlines,
    ) -> None:
        self._state = state
        self._managers = managers
        self._stories = stories
        self._dispatch = dispatch
        self._inputs = inputs
        self._results = results
        self._ending = ending
        self._cancellation = cancellation
        self._deadlines = deadlines
        self._scan = asyncio.Event()
        self._in_doubt = False

    async def serve_orphans(self) -> None:
        """Look for jobs without an owner, now and then and when a gate goes."""
        while True:
            try:
                async with asyncio.timeout(self._state.settings.orphan_scan_seconds):
                    await self._scan.wait()
            except TimeoutError:
                self._scan.clear()
            self._scan.clear()
            if not self._state.holding or self._state.stopping:
                continue
            try:
                if self._in_doubt:
                    await self._take_back()
                orphans = await self._state.ledger.orphans()
                await self.adopt_all([o for o in orphans if self._is_mine(o)], force=False)
            except LedgerUnavailable as error:
                self._state.logger.info("cannot look for orphans: %s", error)

    async def serve_membership(self) -> None:
        """Act on the death of gates without waiting for their leases to run out."""
        membership = self._state.membership
        if membership is None:
            return
        async for event in membership.events():
            if not isinstance(event, Died | Left) or event.member.role != "gate":
                continue
            self._scan.set()
            seen = membership.member(event.member.name)
            if seen is not None and seen.is_alive:
                continue
            if self._state.holding and self._see_most():
                await self._inherit(event.member.name)

    def doubt(self) -> None:
        """The ledger did not answer a write that may give this gate a job: look again."""
        self._in_doubt = True

    async def _take_back(self) -> None:
        """Take on what the ledger holds in this gate's name and nobody here knows of.

        Raises:
            LedgerUnavailable: the doubt remains.
        """
        owned = await self._state.ledger.owned(self._state.name)
        self._in_doubt = False
        unknown = [lease for lease in owned if lease.job_id not in self._state.records]
        await self.adopt_all(unknown, force=False)

    async def _inherit(self, gate: str) -> None:
        """Take what a dead gate owned and hashing gives to this one."""
        try:
            leases = await self._state.ledger.owned(gate)
        except LedgerUnavailable as error:
            self._state.logger.warning("cannot take over from %s: %s", gate, error)
            return
        mine = [lease for lease in leases if self._proposed(lease.job_id, gate)]
        await self.adopt_all(mine, force=True)

    def _see_most(self) -> bool:
        """Whether most gates are there: else the one that is gone may be this one."""
        membership = self._state.membership
        if membership is None:
            return True
        gates = [m for m in membership.members() if m.role == "gate"]
        alive = sum(m.is_alive or m.name == self._state.name for m in gates)
        return 2 * alive > len(gates)

    def _proposed(self, job_id: str, gone: str) -> bool:
        owner = self._state.proposed_owner(job_id, without=frozenset({gone}))
        return owner == self._state.name

    def _is_mine(self, orphan: Orphan) -> bool:
        if orphan.job_id in self._state.records and orphan.owner == self._state.name:
            return False
        late = orphan.expired_seconds > self._state.settings.orphan_grace_seconds
        return late or self._proposed(orphan.job_id, orphan.owner)

    async def adopt_all(self, leases: Iterable[Lease | Orphan], *, force: bool) -> None:
        """Take these jobs over, several at a time; those that others take first are left."""
        waiting = list(leases)
        for start in range(0, len(waiting), ADOPT_AT_ONCE):
            await asyncio.gather(
                *(self._adopt(lease, force) for lease in waiting[start : start + ADOPT_AT_ONCE])
            )

    def contested(self, record: JobRecord) -> None:
        """A manager has seen a higher epoch: let the job go, unless the ledger says it is ours."""
        self._state.logger.warning(
            "a manager knows a newer owner than epoch %d",
            record.epoch,
            extra={"job": record.job_id},
        )
        self._state.drop(record)
        self._state.spawn_free("contested", partial(self._look_again, record.job_id))

    async def _look_again(self, job_id: str) -> None:
        try:
            await self.adopt_if_open(job_id)
        except LedgerUnavailable as error:
            self.doubt()
            self._state.logger.info("who owns the job: %s", error, extra={"job": job_id})

    async def adopt_if_open(self, job_id: str) -> None:
        """Take back a job that the ledger says is this gate's own and that has no record.

        Raises:
            LedgerUnavailable: whose it is cannot be read.
        """
        lease = await self._state.ledger.lease(job_id)
        if lease is not None and lease.owner == self._state.name:
            await self._adopt(lease, force=False)

    async def _adopt(self, lease: Lease | Orphan, force: bool) -> None:
        try:
            taken = await self._state.ledger.acquire(
                lease.job_id, self._state.name, lease.epoch, force=force
            )
            stored = await self._state.ledger.head(lease.job_id)
            results = [result async for result in self._results_of(lease.job_id)]
        except LedgerConflict:
            return
        except LedgerError as error:
            self.doubt()
            self._state.logger.warning("%s", error, extra={"job": lease.job_id})
            return
        if stored is None:
            return
        self._state.metrics.count("takeovers")
        self._state.logger.warning(
            "took the job over from %s with epoch %d",
            lease.owner,
            taken.epoch,
            extra={"job": lease.job_id},
        )
        held = self._state.records.get(lease.job_id)
        if held is not None:
            self._state.drop(held)
        record = self._rebuild(stored, results, taken.epoch)
        if self._state.tracer.on:
            record.span = self._state.tracer.begin("job", stored.trace, job=record.job_id)
        self._state.adopt(record)
        self._deadlines.watch(record)
        self._stories.update(
            record, "takeover", reason=f"{self._state.name} took over from {lease.owner}"
        )
        self._stories.flush(record)
        self._go_on(record, stored)

    async def _results_of(self, job_id: str) -> AsyncIterator[WorkflowResult]:
        """The job's results; of values only as many as a gate holds."""
        room = self._state.settings.held_value_bytes
        async for result in Answers(self._state.ledger).each(job_id):
            room -= len(result.value)
            yield result if room >= 0 else by_reference(result)

    def _rebuild(
        self, stored: StoredJob, results: Iterable[WorkflowResult], epoch: int
    ) -> JobRecord:
        """The record as far as the ledger knows it."""
        job = decode_job(stored.payload)
        now = self._state.clock.now()
        limit = deadline_seconds(job, self._state.settings)
        record = JobRecord(
            stored.row.job_id,
            job,
            epoch=epoch,
            accepted_at=now - stored.row.age_seconds,
            deadline_at=now - stored.row.age_seconds + limit,
            state=JobState(stored.row.state),
            sequence=stored.sequence,
        )
        record.created = True
        for placed in stored.placed:
            if placed.state == "dropped":
                record.tried = (*record.tried, placed.datacenter)
                record.strayed |= placed.manager_epoch > 0
                continue
            names = tuple(placed.workflows.decode().split("\x00")) if placed.workflows else ()
            run = DatacenterRun(placed.datacenter, names, len(names) or len(job.workflows))
            run.manager, run.manager_epoch = placed.manager, placed.manager_epoch
            run.taken = placed.manager_epoch > 0
            run.finished = placed.state == "finished"
            record.runs[placed.datacenter] = run
        record.stored_bytes = stored.stored_bytes
        for result in results:
            if self._state.take(record, result):
                record.recorded(result.datacenter, result.state)
        if stored.cancel_reason is not None:
            record.cancelling = stored.cancel_reason
        cancelled = {row.workflow: row.reason for row in stored.workflows if row.state != SPENT}
        record.withdrawn = cancelled or None
        for fact in stored.workflows:
            if fact.state == SPENT:
                record.spend(fact.workflow, fact.reason, fact.attempt)
        return record

    def _go_on(self, record: JobRecord, stored: StoredJob) -> None:
        """Continue from where the ledger stands: finish, ask the datacenters, or start."""
        if record.done:
            self._ending.settle(record)
        elif not record.runs and record.cancelling is None:
            self._dispatch.begin(record)
        else:
            for run in record.runs.values():
                if not run.done:
                    self._state.spawn(
                        record, f"ask {run.datacenter}", partial(self._ask, record, run)
                    )
            if record.cancelling is not None:
                self._cancellation.resume(record)

    async def _ask(self, record: JobRecord, run: DatacenterRun) -> None:
        """Learn what a datacenter knows; the manager that has it goes on, or another is named.

        The former owner may have died between a manager's word and the ledger's: where the one
        that the ledger names knows nothing, any other there may have the part.
        """
        if self._managers.view(run.manager) is None:
            await self._managers.heard_of(run.datacenter)
        found = await self._query(record, run, self._managers.view(run.manager))
        if found is None:
            others = [v for v in self._managers.live(run.datacenter) if v.name != run.manager]
            reports = await asyncio.gather(*(self._query(record, run, v) for v in others))
            known = dict(filter(None, reports))
            found = max(known.items(), key=lambda one: one[1].manager_epoch, default=None)
            self._set_aside(record, run, known, found[0] if found is not None else None)
        if found is None:
            self._dispatch.restart(record, run, "its manager does not know the job")
            return
        manager, report = found
        run.address = manager.address
        run.started = True
        if manager.name != run.manager:
            run.manager = manager.name
            run.manager_epoch = max(run.manager_epoch, report.manager_epoch)
            self._stories.add_placed(record, placed_row(run))
            self._ending.farewells.replaced(record)
        for workflow, attempt in report.running:
            record.spend(workflow, run.datacenter, attempt - 1)
        self._inputs.provide_all(record, run)
        self._cancellation.repeat(record, run)
        if report.results:
            batch = DatacenterResults(record.job_id, run.datacenter, record.epoch, report.results)
            self._results.take(record, batch)
            self._stories.flush(record)
        if record.state is not JobState.RUNNING and report.running:
            self._stories.reach(record, JobState.RUNNING)
        self._ending.settle(record)

    def _set_aside(
        self,
        record: JobRecord,
        run: DatacenterRun,
        known: Mapping[ManagerView, JobReport],
        taker: ManagerView | None,
    ) -> None:
        """Whoever else has the part, or may and could not say so, is to hear that another has."""
        for view in self._managers.everyone():
            if view.datacenter == run.datacenter and view is not taker:
                epoch = known[view].manager_epoch if view in known else run.manager_epoch
                record.succeeded(view.address, epoch)

    async def _query(
        self, record: JobRecord, run: DatacenterRun, view: ManagerView | None
    ) -> tuple[ManagerView, JobReport] | None:
        """What a manager knows of the part; None where that is nothing, or it does not say."""
        if view is None:
            return None
        message = QueryJob(record.job_id, record.epoch, self._state.name, self._state.address)
        try:
            reply = await self._state.pool.request(
                view.address, message, timeout=self._state.settings.request_timeout_seconds
            )
        except (TransportError, PeerRefused) as error:
            self._state.logger.info(
                "%s of %s did not report: %s",
                view.name,
                run.datacenter,
                error,
                extra={"job": record.job_id},
            )
            return None
        return (view, reply) if isinstance(reply, JobReport) and reply.known else None
