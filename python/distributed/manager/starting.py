"""Jobs coming and going: started, given inputs, asked about by a new owner, dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from distributed.errors import PeerRefused, StaleFence, TransportError
from distributed.messages.base import Done, Gone, Message
from distributed.messages.dispatch import (
    DropJob,
    JobReport,
    JobStarted,
    ProvideInputs,
    QueryJob,
    StartJob,
)
from distributed.reliability.shedding import MessageClass
from distributed.supervision import JobScope, Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import WorkflowState as State

from .delivery import Delivery
from .lifecycle import MANAGER_MARGIN_SECONDS, Lifecycle
from .pace import Pace
from .rebuild import Rebuild
from .record import JobRecord
from .state import ManagerState
from .worker_seat import WorkerSeat


class Starting:
    """Takes jobs on from gates and lets them go.

    A start may be repeated: the same job under the same or a higher fence is not started
    twice, and takes on workflows that are new to it. A job with an earlier owner or manager is
    rebuilt from the workers before anything runs.
    """

    def __init__(
        self,
        state: ManagerState,
        lifecycle: Lifecycle,
        rebuild: Rebuild,
        delivery: Delivery,
        pace: Pace,
    ) -> None:
        self._state = state
        self._lifecycle = lifecycle
        self._rebuild = rebuild
        self._delivery = delivery
        self._pace = pace
        self.on_deadline: Callable[[JobRecord], None]

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {
            StartJob: self.start,
            ProvideInputs: self.provide,
            QueryJob: self.query,
            DropJob: self.drop_job,
        }

    def start(self, context: Context, message: Message) -> Message:
        """Run the job, or its named part, in this datacenter."""
        assert isinstance(message, StartJob)
        record = self._state.records.get(message.job_id)
        if record is not None:
            self._start_again(record, message)
        else:
            self._refuse_what_cannot_run(message)
            self._start_new(message)
        context.unhurried = True
        return JobStarted(message.job_id)

    def provide(self, _: Context, message: Message) -> Message:
        """Results of other datacenters."""
        assert isinstance(message, ProvideInputs)
        record = self._fenced(message.job_id, message.epoch)
        if record is None:
            return Gone(message.job_id)
        for result in message.inputs:
            entry = record.entries.get(result.workflow)
            if entry is None or entry.state.final:
                self._lifecycle.settle(record, result)
        return Done()

    def query(self, _: Context, message: Message) -> Message:
        """A new owner gate asks what is here; from now on it is the one to tell."""
        assert isinstance(message, QueryJob)
        record = self._fenced(message.job_id, message.epoch)
        if record is None:
            return JobReport(message.job_id, self._state.datacenter, known=False)
        self._obey(record, message.epoch, message.gate, message.gate_address)
        out = (State.ASSIGNED, State.RUNNING)
        return JobReport(
            message.job_id,
            self._state.datacenter,
            known=True,
            running=tuple(
                (entry.workflow.name, entry.attempt)
                for entry in record.entries.values()
                if entry.state in out
            ),
            waiting=tuple(
                entry.workflow.name
                for entry in record.entries.values()
                if entry.state in (State.PENDING, State.READY)
            ),
            results=record.outbox.some(),
            manager_epoch=record.manager_epoch,
        )

    def drop_job(self, _: Context, message: Message) -> Message:
        """The job has ended for good."""
        assert isinstance(message, DropJob)
        record = self._fenced(message.job_id, message.epoch)
        if record is None:
            return Gone(message.job_id)
        told = (message.epoch, message.manager_epoch)
        if message.manager_epoch and (record.epoch, record.manager_epoch) > told:
            return Done()
        self.forget(record)
        return Done()

    def forget(self, record: JobRecord, *, tell_workers: bool = True) -> None:
        """Drop the job here, and at the workers that had something of it."""
        if record.closing:
            return
        record.closing = True
        if record.logs.lines:
            self._state.metrics.count("log_lines_lost", amount=record.logs.lines)
        record.span.end(**{state.value: count for state, count in record.ends.items()})
        state = self._state
        state.records.pop(record.job_id, None)
        state.queue.remove(record.line)
        state.allocation.release_holds(record)
        for entry in record.entries.values():
            seat = state.seats.get(entry.worker)
            if entry.dispatch_id and seat is not None:
                seat.slots.release(entry.dispatch_id)
                entry.dispatch_id = ""
        if state.membership is not None:
            state.membership.end_job(record.job_id)
        self._lifecycle.on_work()
        if tell_workers and record.workers:
            self._tell_workers(record)
        record.scope.close()

    def given_up(self, record: JobRecord, reason: str) -> None:
        """Nobody wants the job any more: end it here."""
        self._state.logger.bind(job=record.job_id).warning("giving the job up: %s", reason)
        self._state.metrics.count("jobs_given_up")
        self.forget(record)

    def superseded(self, job_id: str) -> None:
        """A worker obeys a newer manager: this one has nothing to say about the job."""
        record = self._state.records.get(job_id)
        if record is not None:
            self._state.logger.bind(job=job_id).warning("another manager took the job over")
            self.forget(record, tell_workers=False)

    def _start_new(self, message: StartJob) -> None:
        state = self._state
        settings = state.settings
        scope = JobScope(message.job_id, state.supervisor, state.logger, state.timers)
        record = JobRecord(
            message,
            scope,
            state.clock.now(),
            resend=settings.resend_seconds,
            restarts=max(settings.default_restarts, len(message.job.workflows)),
        )
        if state.tracer.on:
            record.span = state.tracer.begin(
                "job in datacenter",
                message.trace,
                job=message.job_id,
                datacenter=state.datacenter,
            )
        state.records[message.job_id] = record
        if record.deadline is not None:
            seconds = record.deadline - state.clock.now() + MANAGER_MARGIN_SECONDS
            scope.timer("deadline", seconds, partial(self.on_deadline, record))
        taken_over = message.epoch > 1 or message.manager_epoch > 1 or bool(message.attempts)
        record.rebuilding = taken_over
        self._learn_inputs(record, message)
        if taken_over:
            self._rebuild.begin(record)
        else:
            self._lifecycle.start_ready(record)
        if not record.left:
            self._delivery.wake(record)

    def _start_again(self, record: JobRecord, message: StartJob) -> None:
        offered = (message.epoch, message.manager_epoch)
        if offered < (record.epoch, record.manager_epoch):
            seen = max(record.epoch, message.epoch + 1)
            raise StaleFence(message.job_id, seen=seen, offered=message.epoch)
        record.manager_epoch = message.manager_epoch
        self._obey(record, message.epoch, message.gate, message.gate_address)
        if record.admit(message.workflows, message.attempts):
            record.widen()
            record.finished_told = False
        self._learn_inputs(record, message)
        if not record.rebuilding:
            self._lifecycle.start_ready(record)

    def _learn_inputs(self, record: JobRecord, message: StartJob) -> None:
        """Results that are known already: of other datacenters, or from before a takeover.

        Where every datacenter runs everything, another one's result stands for nothing here.
        """
        replicated = record.job.placement.mode == "replicate"
        for result in message.inputs:
            entry = record.entries.get(result.workflow)
            if entry is None or entry.state.final:
                self._lifecycle.settle(record, result)
            elif not (replicated and result.datacenter != self._state.datacenter):
                self._lifecycle.recorded_before(record, entry, result)

    def _obey(self, record: JobRecord, epoch: int, gate: str, address: str) -> None:
        if gate != record.gate or epoch > record.epoch:
            record.outbox.resend_all()
            record.finished_told = False
            record.moved.set()
        record.epoch = epoch
        record.answered_at = self._state.clock.now()
        record.gate, record.gate_address = gate, address
        record.gone_since = None
        record.dirty = True
        self._delivery.wake(record)

    def _fenced(self, job_id: str, epoch: int) -> JobRecord | None:
        """The record, unless the command is stale; None where there is none."""
        record = self._state.records.get(job_id)
        if record is not None and epoch < record.epoch:
            raise StaleFence(job_id, seen=record.epoch, offered=epoch)
        return record

    def _refuse_what_cannot_run(self, message: StartJob) -> None:
        state = self._state
        if state.draining:
            raise PeerRefused("draining", "this manager is stopping", retry_after_seconds=1.0)
        if len(state.queue) and self._pace.queued > state.settings.queue_limit:
            raise PeerRefused("overloaded", "too many workflows wait here", retry_after_seconds=5.0)
        first = message.manager_epoch <= 1 and message.epoch <= 1
        if first and (refusal := state.load.shed(MessageClass.WORK)) is not None:
            state.metrics.count("requests_shed", kind="work")
            hint = refusal.retry_after_seconds
            raise PeerRefused(refusal.code, refusal.reason, retry_after_seconds=hint)
        if first and not state.seats:
            raise PeerRefused("busy", "no worker is registered here", retry_after_seconds=1.0)
        largest = state.allocation.largest
        wanted = frozenset(message.workflows)
        for workflow in message.job.workflows:
            here = not wanted or workflow.name in wanted
            if here and state.seats and workflow.cores > largest:
                raise PeerRefused(
                    "too_wide",
                    f"workflow {workflow.name!r} asks for {workflow.cores} cores, the largest "
                    f"worker of {state.datacenter} has {largest}",
                )
            if here and state.seats and not state.allocation.could_hold(workflow.memory_bytes):
                raise PeerRefused(
                    "too_large",
                    f"workflow {workflow.name!r} may use {workflow.memory_bytes} bytes of memory, "
                    f"more than any worker of {state.datacenter} offers",
                )

    def _tell_workers(self, record: JobRecord) -> None:
        message = DropJob(record.job_id, record.fence)
        missed = []
        for name in sorted(record.workers):
            seat = self._state.seats.get(name)
            if seat is None:
                continue
            connection = self._state.pool.opened(seat.address)
            if connection is None or not connection.try_send(message, unhurried=True):
                missed.append(seat)
        if missed:
            tell = partial(self._tell, missed, message)
            self._state.spawn(f"drop:{record.job_id}", tell, policy=Policy.ONCE)

    async def _tell(self, seats: Sequence[WorkerSeat], message: DropJob) -> None:
        for seat in seats:
            try:
                await self._state.pool.request(
                    seat.address, message, timeout=self._state.settings.request_seconds
                )
            except TransportError as error:
                # The worker forgets an idle job by itself.
                self._state.logger.bind(job=message.job_id, peer=seat.name).info(
                    "could not say that the job ended: %s", error
                )
