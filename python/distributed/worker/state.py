"""What the conversations of a worker share."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from distributed.clock import Clock, WheelTimers
from distributed.execution.interface import Executor
from distributed.jobs.outbox import Outbox
from distributed.jobs.undelivered import Undelivered
from distributed.reliability.load import Load
from distributed.reliability.overload import Overload
from distributed.supervision import JobScope, Policy, Supervisor
from distributed.telemetry.logs import BoundLogger
from distributed.telemetry.metrics import Metrics
from distributed.telemetry.tracing import NO_TRACES, Tracer
from distributed.transport.interface import Identity, Pool

from .record import JobRecord
from .settings import WorkerSettings

if TYPE_CHECKING:
    from distributed.supervision.supervisor import Factory

    from .forensics import EventLog

STOP_SECONDS = 1.0


class WorkerState:
    """The worker's jobs and the tools its conversations use. Holds no behaviour of its own.

    Attributes:
        records: every job known here, by id: the only table keyed by job.
        timers: all of the node's; a job's are set through its scope. Made at the start.
        draining: whether new work is refused for good.
        overload: `healthy`, `busy` or `overloaded`, from the resource guards.
        web_address: where the status page is served, for who asks; "" where it is not.
        tracer: follows jobs; whoever hosts the node sets it.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        identity: Identity,
        *,
        clock: Clock,
        rng: random.Random,
        logger: BoundLogger,
        metrics: Metrics,
        supervisor: Supervisor,
        executor: Executor,
        events: EventLog,
        load: Load,
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.clock = clock
        self.rng = rng
        self.logger = logger
        self.metrics = metrics
        self.supervisor = supervisor
        self.executor = executor
        self.events = events
        self.pool: Pool
        self.records: dict[str, JobRecord] = {}
        self.timers: WheelTimers
        self.draining = False
        self.web_address = ""
        self.tracer: Tracer = NO_TRACES
        self.load = load
        self.memory_level = "healthy"
        self._undelivered = Undelivered()
        self.attempts = 0
        self.promised_bytes = 0
        self.on_idle: Callable[[], None] = lambda: None
        self.stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, name: str, factory: Factory, *, policy: Policy) -> None:
        """Run something in the background, until this node stops."""
        if self.stopping:
            return
        task = self.supervisor.spawn(name, factory, policy=policy)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def timer_failed(self, error: BaseException, name: str) -> None:
        """A timer of the node itself failed."""
        self.metrics.count("timer_failures", kind=name.rpartition(".")[2])
        self.logger.error("timer %s failed: %s", name, error, exc_info=error)

    async def end_tasks(self) -> None:
        """Cancel all that runs in the background, and start no more."""
        self.stopping = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel("the node is stopping")
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)

    @property
    def overload(self) -> str:
        """The worse of what its event loop and its memory say."""
        return max(self.load.level, Overload.parse(self.memory_level)).label

    @property
    def overfull(self) -> bool:
        """Whether so many results wait for their delivery that no work is taken."""
        most_bytes = self.settings.undelivered_bytes
        return self._undelivered.over(most_bytes, self.records.values(), self.clock.now())

    @property
    def name(self) -> str:
        """This worker's name."""
        return self.identity.name

    def record_for(self, job_id: str) -> JobRecord:
        """The job's record, made where there is none."""
        record = self.records.get(job_id)
        if record is None or record.ended:
            scope = JobScope(job_id, self.supervisor, self.logger, self.timers)
            record = JobRecord(job_id, scope, self.settings.resend_seconds)
            self.records[job_id] = record
        return record

    def remember_fence(self, job_id: str, fence: int) -> None:
        """Nothing is here of the job, and nothing under this fence is to come, for a while."""
        record = self.record_for(job_id)
        record.fence = fence
        record.ended = True
        self.timers.call_later(self.settings.record_idle_seconds, self._forget_fence, record)

    def forget_when_idle(self, record: JobRecord) -> None:
        """Start or stop the clock after which an idle job is forgotten."""
        if record.idle:
            idle_seconds = self.settings.record_idle_seconds
            record.scope.timer("forget", idle_seconds, partial(self._forget, record))
            self.on_idle()
        else:
            record.scope.cancel("forget")

    def _forget(self, record: JobRecord) -> None:
        if record.idle:
            self.drop(record, "idle")

    def drop(self, record: JobRecord, reason: str, *, keep_fence: bool = False) -> None:
        """Forget the job: what runs is killed, what is undelivered is gone.

        With `keep_fence` its fence is remembered for a while, so that a manager that slept
        through the job's end cannot begin it again.
        """
        for dispatch_id, attempt in list(record.attempts.items()):
            attempt.ended_by = attempt.ended_by or "dropped"
            self.executor.cancel(dispatch_id, 0.0, reason)
        self.attempts -= len(record.attempts)
        self.promised_bytes -= sum(
            attempt.assignment.workflow.memory_bytes or 0 for attempt in record.attempts.values()
        )
        record.attempts.clear()
        if keep_fence:
            record.ended = True
            record.outbox = Outbox(self.settings.resend_seconds)
            record.logs.clear()
            self.timers.call_later(self.settings.record_idle_seconds, self._forget_fence, record)
        elif self.records.get(record.job_id) is record:
            del self.records[record.job_id]
        record.scope.close()
        self.on_idle()

    def _forget_fence(self, record: JobRecord) -> None:
        if self.records.get(record.job_id) is record:
            del self.records[record.job_id]
