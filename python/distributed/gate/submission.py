"""Accepting jobs: judged, passed to their owner, durable, and only then acknowledged.

The job is created with the places where it is to run. Where the key is the client's own for
this one submission, the work is sent there while the ledger commits; nothing is told to the
client before the commit. A key of the caller's
choosing may stand for an earlier job, so there the work waits for the commit.
"""

from __future__ import annotations

import msgspec

from distributed.errors import (
    ClosedError,
    LedgerConflict,
    LedgerUnavailable,
    PeerRefused,
    TransportError,
)
from distributed.jobs.validation import check_job, check_placeable
from distributed.ledger.interface import Created, NewJob
from distributed.messages.base import Redirect, Refused
from distributed.messages.submission import JobAccepted, JobUpdate, SubmitJob
from distributed.telemetry.tracing import traceparent
from distributed.transport.interface import Context, Handlers

from .admission import Admission
from .deadlines import Deadlines, deadline_seconds
from .dispatch import Dispatch
from .ending import Ending
from .managers import Managers
from .placing import Placing, places
from .record import JobRecord
from .reporting import check_reports
from .state import GateState
from .story import Stories
from .takeover import Takeover
from .watching import Watching

_encode = msgspec.msgpack.Encoder().encode
LEDGER_RETRY_SECONDS = 1.0
CUT_OFF = "this gate hears neither its datacenters nor the other gates; ask one of those"
CUT_OFF_RETRY_SECONDS = 1.0
FEW_COMMITS = 8
"""Submissions being committed at once beyond which none is started early."""
EPOCH_OF_RETRIES = 2
"""Above 1, under which a try that was not stored may have sent work out."""

Answer = JobAccepted | Refused | Redirect


class Submission:
    """The submission conversation."""

    def __init__(
        self,
        state: GateState,
        admission: Admission,
        managers: Managers,
        placing: Placing,
        stories: Stories,
        dispatch: Dispatch,
        ending: Ending,
        takeover: Takeover,
        deadlines: Deadlines,
        watching: Watching,
    ) -> None:
        self._state = state
        self._admission = admission
        self._managers = managers
        self._placing = placing
        self._stories = stories
        self._dispatch = dispatch
        self._ending = ending
        self._takeover = takeover
        self._deadlines = deadlines
        self._watching = watching
        self._committing = 0

    def handlers(self) -> Handlers:
        """What clients and other gates send."""
        return {SubmitJob: self._submit}

    async def _submit(self, context: Context, message: SubmitJob) -> Answer:
        await self._state.fault_point("submission.received")
        if message.hops == 0:
            refusal = self._admission.refusal(context, len(self._state.records))
            if refusal is not None:
                return refusal
            check_job(message.job)
            check_reports(message.job, self._state.settings.reports_folder)
        answer = await self._forward(message)
        if not isinstance(answer, SubmitJob):
            return answer
        check_placeable(answer.job, self._managers.rooms())
        return await self._accept(context, answer)

    async def _forward(self, message: SubmitJob) -> Answer | SubmitJob:
        """Pass the job to its proposed owner; the submission itself where that is this gate.

        A gate that does not answer is left out and the next in order asked; it may have sent
        work out, so the submission is marked as tried before. A job that has been passed on
        often enough stays where it is: the lease decides, not the hash.
        """
        settings = self._state.settings
        tried = frozenset(message.visited)
        while message.hops < settings.forward_hops:
            owner = self._state.proposed_owner(message.job_id, without=tried)
            if owner == self._state.name:
                return message
            passed = msgspec.structs.replace(
                message,
                hops=message.hops + 1,
                visited=(*message.visited, self._state.name),
                watch=False,
            )
            try:
                reply = await self._state.pool.request(
                    self._state.address_of(owner),
                    passed,
                    timeout=settings.request_timeout_seconds,
                )
            except PeerRefused:
                raise
            except TransportError as error:
                self._state.metrics.count("forwards_failed")
                self._state.logger.warning(
                    "could not pass the job to %s: %s", owner, error, extra={"job": message.job_id}
                )
                tried |= {owner}
                message = msgspec.structs.replace(message, again=True)
                continue
            if isinstance(reply, JobAccepted | Redirect):
                return reply
            tried |= {owner}
        return message

    async def _accept(self, context: Context, message: SubmitJob) -> Answer:
        state = self._state
        if not state.holding or state.stopping:
            return _unavailable("this gate cannot reach the ledger and owns nothing now")
        if self._managers.cut_off():
            return Refused("cut_off", CUT_OFF, retry_after_seconds=CUT_OFF_RETRY_SECONDS)
        early = await self._may_start_early(message)
        held = state.records.get(message.job_id)
        early = early and held is None
        full = self._admission.full(len(state.records)) if held is None else None
        if full is not None:
            return full
        record = held or self._open(message)
        decision = self._placing.place(record) if held is None else None
        offer = self._dispatch.offer(record) if early else None
        if decision is not None:
            self._placing.tell(record, decision)
        self._committing += 1
        first = JobUpdate(1, "state", 0.0, state="submitted")
        creating = state.ledger.create(self._new_job(message, record, first))
        if early:
            self._dispatch.begin(record, offer)
        await state.fault_point("submission.committing")
        try:
            created = await creating
        except (LedgerConflict, LedgerUnavailable, ClosedError) as error:
            if held is None:
                self._withdraw(record)
            if isinstance(error, LedgerConflict):
                return Refused("conflict", str(error), field="key")
            self._takeover.doubt()
            return _unavailable(str(error))
        finally:
            self._committing -= 1
        await state.fault_point("submission.durable")
        withdrawn = state.records.get(message.job_id) is not record
        if created.duplicate or withdrawn:
            return await self._known(context, message, record, held, created)
        record.remember(first)
        if message.watch:
            self._watching.attach(record, context.connection, 0)
        record.created = True
        if not early:
            self._dispatch.begin(record)
        self._ending.settle(record)
        if record.pending is not None and not record.ending:
            self._stories.soon(record)
        state.metrics.count("jobs_accepted")
        await state.fault_point("submission.acknowledging")
        return JobAccepted(record.job_id, state.name, state.address, record.epoch)

    async def _may_start_early(self, message: SubmitJob) -> bool:
        """Whether the work may be sent out while the ledger commits.

        It gains time only while commits are few; and an id that is known already would run
        its job again.
        """
        if message.key != message.job_id or message.again or self._committing >= FEW_COMMITS:
            return False
        try:
            return not await self._state.ledger.exists(message.job_id)
        except LedgerUnavailable:
            return False

    def _open(self, message: SubmitJob) -> JobRecord:
        now = self._state.clock.now()
        record = JobRecord(
            message.job_id,
            message.job,
            epoch=EPOCH_OF_RETRIES if message.again else 1,
            accepted_at=now,
            deadline_at=now + deadline_seconds(message.job, self._state.settings),
        )
        record.strayed = message.again
        if self._state.tracer.on:
            record.span = self._state.tracer.begin("job", message.trace, job=message.job_id)
        self._state.records[message.job_id] = record
        self._deadlines.watch(record)
        return record

    def _new_job(self, message: SubmitJob, record: JobRecord, first: JobUpdate) -> NewJob:
        return NewJob(
            message.job_id,
            message.key,
            message.digest,
            message.job.name,
            self._state.name,
            _encode(message.job),
            _encode(first),
            record.epoch,
            traceparent(message.trace) or record.span.context,
            places(record),
        )

    async def _known(
        self,
        context: Context,
        message: SubmitJob,
        record: JobRecord,
        held: JobRecord | None,
        created: Created,
    ) -> Answer:
        """The key stands for a job already: say where it is, and see that it has an owner."""
        state = self._state
        if held is None:
            self._withdraw(record)
        if created.owner == state.name and created.job_id not in state.records:
            try:
                await self._takeover.adopt_if_open(created.job_id)
            except LedgerUnavailable as error:
                self._takeover.doubt()
                return _unavailable(str(error))
        now_held = state.records.get(created.job_id)
        if now_held is not None and message.watch:
            self._watching.attach(now_held, context.connection, 0)
        address = state.address_of(created.owner) or state.address
        epoch = now_held.epoch if now_held is not None else created.epoch
        return JobAccepted(created.job_id, created.owner, address, epoch, duplicate=True)

    def _withdraw(self, record: JobRecord) -> None:
        """Take back what was sent out for a job that was not accepted."""
        record.ending = True
        for run in record.runs.values():
            if run.address:
                self._dispatch.forget(record, run)
        self._state.drop(record)


def _unavailable(reason: str) -> Refused:
    return Refused("ledger_unavailable", reason, retry_after_seconds=LEDGER_RETRY_SECONDS)
