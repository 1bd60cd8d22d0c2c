"""Results on their way to the job's manager, kept until they are recorded."""

from __future__ import annotations

from functools import partial
from itertools import count

from distributed.errors import PeerRefused, TransportError
from distributed.jobs.outbox import Outbox
from distributed.messages.base import Gone, Message, Redirect
from distributed.messages.results import ResultsRecorded, WorkerResults
from distributed.reliability.retry import Again, Jitter, Retries, RetryPolicy
from distributed.supervision import Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .orphans import Orphans
from .record import JobRecord
from .reporting import Reporting
from .state import WorkerState


class Delivery:
    """Brings results to the job's manager, oldest first, one message under way for each job.

    A result stays in the outbox until the manager says that it is recorded. A failed delivery
    is logged, counted and tried again with jittered backoff, for as long as the record lives;
    a manager that does not know the job starts the orphan's grace.
    """

    def __init__(self, state: WorkerState, orphans: Orphans, reporting: Reporting) -> None:
        self._state = state
        self._orphans = orphans
        self._reporting = reporting
        settings = state.settings
        self._policy = RetryPolicy(
            attempts=0,
            base_seconds=settings.retry_base_seconds,
            cap_seconds=settings.retry_cap_seconds,
            jitter=Jitter.DECORRELATED,
        )
        self._numbers = count()

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {ResultsRecorded: self.recorded}

    def recorded(self, _: Context, message: Message) -> None:
        """Results became durable after their delivery was answered."""
        assert isinstance(message, ResultsRecorded)
        record = self._state.records.get(message.job_id)
        if record is not None:
            self._drop_recorded(record, message)

    def wake(self, record: JobRecord) -> None:
        """Something is in the outbox: deliver it, unless a delivery runs."""
        if not record.delivering and not record.scope.closed:
            record.delivering = True
            name = f"deliver-{next(self._numbers)}"
            record.scope.spawn(name, lambda: self._deliver(record), policy=Policy.RESTART)

    async def _deliver(self, record: JobRecord) -> None:
        state = self._state
        retries = Retries(self._policy, state.rng)
        while batch := record.outbox.due(state.clock.now(), state.settings.result_batch):
            await self._reporting.send(record)
            problem = await self._offer(record, WorkerResults(record.job_id, record.fence, batch))
            if problem is None:
                retries.succeeded()
                continue
            state.metrics.count("result_deliveries_failed")
            state.logger.bind(job=record.job_id, peer=record.manager_address).warning(
                "%d results could not be delivered: %s", len(batch), problem
            )
            again = retries.failed(state.clock.now())
            await record.pause(again.delay_seconds if isinstance(again, Again) else 1.0)
        record.delivering = False
        resend_at = record.outbox.next_due()
        if resend_at is not None:
            seconds = resend_at - state.clock.now()
            record.scope.timer("resend", seconds, partial(self.wake, record))
        state.forget_when_idle(record)

    async def _offer(self, record: JobRecord, message: WorkerResults) -> str | None:
        """Send one batch; what went wrong, or None."""
        state = self._state
        address = Address(record.manager_address)
        if not address:
            return "no manager is known"
        try:
            reply = await state.pool.request(
                address, message, timeout=state.settings.request_seconds
            )
        except PeerRefused as error:
            if error.code == "stale_fence":
                self._orphans.lost(record, f"{record.manager} is under a newer fence")
            return str(error)
        except TransportError as error:
            return str(error)
        if isinstance(reply, Gone):
            self._orphans.lost(record, f"{record.manager} does not know the job")
            return "the manager does not know the job"
        if isinstance(reply, Redirect):
            record.manager, record.manager_address = reply.name, reply.address
            return None
        if not isinstance(reply, ResultsRecorded):
            return f"unexpected answer {type(reply).__name__}"
        record.outbox.sent(message.results, state.clock.now())
        self._drop_recorded(record, reply)
        return None

    def _drop_recorded(self, record: JobRecord, message: ResultsRecorded) -> None:
        outbox: Outbox = record.outbox
        outbox.recorded(message.recorded)
        self._state.forget_when_idle(record)
