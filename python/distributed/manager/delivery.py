"""Results on their way to the gate, and back to workers that they are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import count

from distributed.errors import PeerRefused, TransportError
from distributed.messages.base import Gone, Message, Redirect
from distributed.messages.results import (
    DatacenterFinished,
    DatacenterResults,
    ResultsRecorded,
    WorkflowResult,
)
from distributed.reliability.retry import Again, Jitter, Retries, RetryPolicy
from distributed.supervision import Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import Address
from distributed.types import WorkflowState as State

from .progress import Progress
from .record import JobRecord
from .state import ManagerState


class Delivery:
    """One delivery under way for each job, oldest results first, until recorded.

    Failures are logged, counted and tried again with jittered backoff for as long as the job
    is here. A gate that does not know the job several times in a row ends it here.
    """

    def __init__(self, state: ManagerState, progress: Progress) -> None:
        self._state = state
        self._progress = progress
        self._numbers = count()
        self._policy = RetryPolicy(
            attempts=0,
            base_seconds=state.settings.retry_base_seconds,
            cap_seconds=state.settings.retry_cap_seconds,
            jitter=Jitter.DECORRELATED,
        )
        self.on_given_up: Callable[[JobRecord, str], None]
        self.on_confirmed: Callable[[], None] = lambda: None
        self.on_kept: Callable[[JobRecord], None]

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {ResultsRecorded: self.recorded_later}

    def recorded_later(self, _: Context, message: Message) -> None:
        """A gate whose ledger took longer than its answer could wait."""
        assert isinstance(message, ResultsRecorded)
        record = self._state.records.get(message.job_id)
        if record is not None:
            self.recorded(record, message.recorded, record.outbox.everything())
            self.wake(record)

    def confirm(self, record: JobRecord) -> None:
        """Ask the gate whether this manager still has the job, until it answers."""
        if not record.asking and not record.closing:
            record.asking = True
            name = f"confirm-{next(self._numbers)}"
            record.scope.spawn(name, lambda: self._confirm(record), policy=Policy.RESTART)

    async def _confirm(self, record: JobRecord) -> None:
        retries = Retries(self._policy, self._state.rng)
        while not record.closing:
            problem = await self._offer(record, ())
            if problem is None and self._state.has_authority(record):
                break
            again = retries.failed(self._state.clock.now())
            await record.pause(again.delay_seconds if isinstance(again, Again) else 1.0)
        record.asking = False
        self.on_confirmed()

    def wake(self, record: JobRecord) -> None:
        """The record has results, or has finished."""
        if not record.delivering and not record.closing:
            record.delivering = True
            record.scope.spawn(
                f"deliver-{next(self._numbers)}",
                lambda: self._deliver(record),
                policy=Policy.RESTART,
            )

    async def _deliver(self, record: JobRecord) -> None:
        state = self._state
        retries = Retries(self._policy, state.rng)
        while not record.closing:
            batch = record.outbox.due(state.clock.now(), state.settings.result_batch)
            if batch:
                self._progress.flush_logs(record)
                problem = await self._offer(record, batch)
            elif not record.left and not len(record.outbox) and not record.finished_told:
                problem = await self._finish(record)
            else:
                break
            if problem is None:
                retries.succeeded()
                continue
            state.metrics.count("result_deliveries_failed")
            state.logger.bind(job=record.job_id, peer=record.gate).warning(
                "%d results could not be delivered: %s", len(record.outbox), problem
            )
            again = retries.failed(state.clock.now())
            await record.pause(again.delay_seconds if isinstance(again, Again) else 1.0)
        record.delivering = False
        resend_at = record.outbox.next_due()
        if resend_at is not None and not record.closing:
            seconds = resend_at - state.clock.now()
            record.scope.timer("resend", seconds, partial(self.wake, record))

    async def _offer(self, record: JobRecord, batch: tuple[WorkflowResult, ...]) -> str | None:
        message = DatacenterResults(record.job_id, self._state.datacenter, record.epoch, batch)
        reply = await self._ask(record, message)
        if isinstance(reply, str):
            return reply
        if isinstance(reply, Redirect):
            record.gate, record.gate_address = reply.name, reply.address or record.gate_address
            return None if reply.address else "another gate owns it, address unknown"
        if not isinstance(reply, ResultsRecorded):
            return f"unexpected answer {type(reply).__name__}"
        record.outbox.sent(batch, self._state.clock.now())
        self.recorded(record, reply.recorded, batch)
        if reply.superseded:
            self.on_given_up(record, "another manager has it now")
        return None

    def recorded(
        self,
        record: JobRecord,
        keys: Iterable[tuple[str, int]],
        batch: Iterable[WorkflowResult],
    ) -> None:
        """The gate has these for good: drop them and let their workers drop them."""
        done = {(workflow, attempt) for workflow, attempt in keys}
        record.outbox.recorded(done)
        by_worker: dict[str, list[tuple[str, int]]] = {}
        for result in batch:
            key = (result.workflow, result.attempt)
            if key in done and result.worker:
                by_worker.setdefault(result.worker, []).append(key)
        for worker, pairs in by_worker.items():
            seat = self._state.seats.get(worker)
            if seat is not None:
                message = ResultsRecorded(record.job_id, tuple(pairs))
                self._tell(seat.address, message)

    def _tell(self, address: Address, message: ResultsRecorded) -> None:
        connection = self._state.pool.opened(address)
        if connection is not None and connection.try_send(message, unhurried=True):
            return

        async def send() -> None:
            try:
                await self._state.pool.send(address, message)
            except TransportError:
                # The worker offers them again and is answered then.
                self._state.metrics.count("acknowledgements_lost")

        self._state.spawn(f"recorded:{message.job_id}", send, policy=Policy.ONCE)

    async def _finish(self, record: JobRecord) -> str | None:
        self._progress.flush(record)
        await self._progress.send(record)
        state, reason = verdict(record)
        message = DatacenterFinished(
            record.job_id, self._state.datacenter, record.epoch, state, reason
        )
        reply = await self._ask(record, message)
        if isinstance(reply, str):
            return reply
        if isinstance(reply, Redirect):
            record.gate, record.gate_address = reply.name, reply.address or record.gate_address
            return None if reply.address else "another gate owns it, address unknown"
        record.finished_told = True
        keep_seconds = self._state.settings.finished_keep_seconds
        record.scope.timer("forget", keep_seconds, partial(self.on_kept, record))
        return None

    async def _ask(
        self, record: JobRecord, message: DatacenterResults | DatacenterFinished
    ) -> object:
        """The gate's reply, or a text about why there is none."""
        state = self._state
        address = Address(record.gate_address)
        asked_at = state.clock.now()
        try:
            reply = await state.pool.request(
                address, message, timeout=state.settings.request_seconds
            )
        except PeerRefused as error:
            return str(error)
        except TransportError as error:
            return str(error)
        if address != record.gate_address:
            return "the owner changed meanwhile"
        if isinstance(reply, Gone):
            now = state.clock.now()
            record.gone_since = record.gone_since or now
            if now - record.gone_since >= state.settings.gone_seconds:
                self.on_given_up(record, f"gate {record.gate} does not know it")
            return f"gate {record.gate} does not know the job"
        record.gone_since = None
        if not isinstance(reply, Redirect):
            record.answered_at = max(record.answered_at, asked_at)
        return reply


def verdict(record: JobRecord) -> tuple[str, str]:
    """How the job ended in this datacenter: the worst end of any workflow, and a count."""
    for state in (State.FAILED, State.TIMED_OUT, State.CANCELLED):
        ended = record.ended(state)
        if ended:
            return state.value, f"{ended} of {len(record.entries)} workflows {state.value}"
    return State.COMPLETED.value, ""
