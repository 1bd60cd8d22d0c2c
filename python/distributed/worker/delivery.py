"""What goes up: results until they are recorded, progress and output while they are new."""

from __future__ import annotations

from itertools import count

from distributed.errors import PeerRefused, TransportError
from distributed.jobs.outbox import Outbox
from distributed.messages.base import Gone, Message, Redirect
from distributed.messages.progress import AttemptProgress, Pressure, WorkerLog, WorkerProgress
from distributed.messages.results import ResultsRecorded, WorkerResults
from distributed.reliability.retry import Again, Jitter, Retries, RetryPolicy
from distributed.supervision import Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .orphans import Orphans
from .progress import progress_of
from .record import AttemptRecord, JobRecord
from .state import WorkerState

PRESSURE_FACTORS = {"none": 1.0, "throttle": 5.0, "batch": 20.0, "reject": 100.0}
MAX_PROGRESS_ENTRIES = 1000


class Delivery:
    """Brings results to the job's manager, oldest first, one message under way for each job.

    A result stays in the outbox until the manager says that it is recorded. A failed delivery
    is logged, counted and tried again with jittered backoff, for as long as the record lives;
    a manager that does not know the job starts the orphan's grace.
    """

    def __init__(self, state: WorkerState, orphans: Orphans) -> None:
        self._state = state
        self._orphans = orphans
        settings = state.settings
        self._policy = RetryPolicy(
            attempts=0,
            base_seconds=settings.retry_base_seconds,
            cap_seconds=settings.retry_cap_seconds,
            jitter=Jitter.DECORRELATED,
        )
        self._changed: dict[str, JobRecord] = {}
        self._slowed: dict[str, float] = {}
        self._numbers = count()

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {ResultsRecorded: self.recorded, Pressure: self.pressure}

    async def recorded(self, _: Context, message: Message) -> None:
        """Results became durable after their delivery was answered."""
        assert isinstance(message, ResultsRecorded)
        record = self._state.records.get(message.job_id)
        if record is not None:
            self._drop_recorded(record, message)

    async def pressure(self, context: Context, message: Message) -> None:
        """A manager asks for less (or again more) progress; results are never held back."""
        assert isinstance(message, Pressure)
        address = context.peer.address or str(context.connection.address)
        factor = PRESSURE_FACTORS.get(message.level, 1.0)
        if factor == 1.0:
            self._slowed.pop(address, None)
        else:
            least = self._state.settings.progress_interval_seconds * factor
            self._slowed[address] = max(least, message.interval_seconds)

    def wake(self, record: JobRecord) -> None:
        """Something is in the outbox: deliver it, unless a delivery runs."""
        if not record.delivering and not record.scope.closed:
            record.delivering = True
            name = f"deliver-{next(self._numbers)}"
            record.scope.spawn(name, lambda: self._deliver(record), policy=Policy.RESTART)

    def progressed(self, record: JobRecord, attempt: AttemptRecord) -> None:
        """The attempt has news for the next progress message."""
        attempt.dirty = True
        self._changed[record.job_id] = record

    def wrote(self, record: JobRecord, log: WorkerLog) -> None:
        """Keep captured lines for the next message; over the bound the oldest go first."""
        record.logs.append(log)
        limit = self._state.settings.log_lines
        held = sum(len(entry.lines) for entry in record.logs)
        while held > limit and len(record.logs) > 1:
            oldest = record.logs.popleft()
            held -= len(oldest.lines)
            record.logs_dropped += len(oldest.lines) + oldest.dropped
        self._changed[record.job_id] = record

    async def report_progress(self) -> None:
        """Send what is new at each interval, until cancelled."""
        state = self._state
        resting: dict[str, float] = {}
        while True:
            await state.clock.sleep(state.settings.progress_interval_seconds)
            changed, self._changed = self._changed, {}
            now = state.clock.now()
            for job_id, record in changed.items():
                address = record.manager_address
                if resting.get(address, 0.0) > now:
                    self._changed.setdefault(job_id, record)
                    continue
                await self._send_progress(record)
            for address, interval in self._slowed.items():
                if resting.get(address, 0.0) <= now:
                    resting[address] = now + interval

    async def flush(self, record: JobRecord) -> None:
        """Send what is new of one job now."""
        if self._changed.pop(record.job_id, None) is not None:
            await self._send_progress(record)

    async def _send_progress(self, record: JobRecord) -> None:
        address = Address(record.manager_address)
        now = self._state.clock.now()
        entries: list[AttemptProgress] = []
        for attempt in record.attempts.values():
            if attempt.dirty and len(entries) < MAX_PROGRESS_ENTRIES:
                attempt.dirty = False
                entries.append(progress_of(attempt, self._state.name, now))
        logs, dropped = list(record.logs), record.logs_dropped
        record.logs.clear()
        record.logs_dropped = 0
        try:
            if entries:
                message = WorkerProgress(record.job_id, tuple(entries))
                await self._state.pool.send(address, message)
            for log in logs:
                await self._state.pool.send(address, with_dropped(log, dropped))
                dropped = 0
        except TransportError as error:
            self._state.metrics.count("progress_lost")
            self._state.logger.bind(job=record.job_id, peer=address).debug(
                "progress did not reach the manager: %s", error
            )

    async def _deliver(self, record: JobRecord) -> None:
        state = self._state
        retries = Retries(self._policy, state.rng)
        while batch := record.outbox.due(state.clock.now(), state.settings.result_batch):
            await self.flush(record)
            problem = await self._offer(record, WorkerResults(record.job_id, record.fence, batch))
            if problem is None:
                retries.succeeded()
                continue
            state.metrics.count("result_deliveries_failed")
            state.logger.bind(job=record.job_id, peer=record.manager_address).warning(
                "%d results could not be delivered: %s", len(batch), problem
            )
            again = retries.failed(state.clock.now())
            await state.clock.sleep(again.delay_seconds if isinstance(again, Again) else 1.0)
        record.delivering = False
        resend_at = record.outbox.next_due()
        if resend_at is not None:
            state.deadlines.set(("resend", record.job_id, ""), resend_at)
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


def with_dropped(log: WorkerLog, dropped: int) -> WorkerLog:
    """The same lines, saying that `dropped` more are gone."""
    if not dropped:
        return log
    return WorkerLog(
        log.job_id, log.workflow, log.attempt, log.stream, log.lines, log.dropped + dropped
    )
