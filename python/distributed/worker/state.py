"""What the conversations of a worker share."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from distributed.clock import Clock
from distributed.execution.interface import Executor
from distributed.jobs.deadlines import Deadlines
from distributed.jobs.outbox import Outbox
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

Due = tuple[str, str, str]
"""What is due (`timeout`, `orphan`, `resend`, `forget`), the job, and the dispatch id or ""."""


class WorkerState:
    """The worker's jobs and the tools its conversations use. Holds no behaviour of its own.

    Attributes:
        records: every job known here, by id: the only table keyed by job.
        deadlines: what is due when, looked at by the node's one timer task.
        draining: whether new work is refused for good.
        overfull: whether so many results wait for their delivery that no work is taken.
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
        self.deadlines: Deadlines[Due] = Deadlines()
        self.draining = False
        self.web_address = ""
        self.tracer: Tracer = NO_TRACES
        self.overload = "healthy"
        self.overfull = False
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

    async def end_tasks(self) -> None:
        """Cancel all that runs in the background, and start no more."""
        self.stopping = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel("the node is stopping")
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)

    @property
    def name(self) -> str:
        """This worker's name."""
        return self.identity.name

    def record_for(self, job_id: str) -> JobRecord:
        """The job's record, made where there is none."""
        record = self.records.get(job_id)
        if record is None or record.ended:
            scope = JobScope(job_id, self.supervisor, self.logger)
            record = JobRecord(job_id, scope, self.settings.resend_seconds)
            self.records[job_id] = record
        return record

    def remember_fence(self, job_id: str, fence: int) -> None:
        """Nothing is here of the job, and nothing under this fence is to come, for a while."""
        record = self.record_for(job_id)
        record.fence = fence
        record.ended = True
        self.deadlines.set(
            ("forget", job_id, ""), self.clock.now() + self.settings.record_idle_seconds
        )

    def forget_when_idle(self, record: JobRecord) -> None:
        """Start or stop the clock after which an idle job is forgotten."""
        due = ("forget", record.job_id, "")
        if record.idle:
            self.deadlines.set(due, self.clock.now() + self.settings.record_idle_seconds)
            self.on_idle()
        else:
            self.deadlines.cancel(due)

    async def drop(self, record: JobRecord, reason: str, *, keep_fence: bool = False) -> None:
        """Forget the job: what runs is killed, what is undelivered is gone.

        With `keep_fence` its fence is remembered for a while, so that a manager that slept
        through the job's end cannot begin it again.
        """
        for kind in ("forget", "orphan", "resend"):
            self.deadlines.cancel((kind, record.job_id, ""))
        for dispatch_id, attempt in list(record.attempts.items()):
            attempt.ended_by = attempt.ended_by or "dropped"
            self.executor.cancel(dispatch_id, 0.0, reason)
            self.deadlines.cancel(("timeout", record.job_id, dispatch_id))
        self.attempts -= len(record.attempts)
        self.promised_bytes -= sum(
            attempt.assignment.workflow.memory_bytes or 0 for attempt in record.attempts.values()
        )
        record.attempts.clear()
        if keep_fence:
            record.ended = True
            record.outbox = Outbox(self.settings.resend_seconds)
            record.logs.clear()
            due = ("forget", record.job_id, "")
            self.deadlines.set(due, self.clock.now() + self.settings.record_idle_seconds)
        elif self.records.get(record.job_id) is record:
            del self.records[record.job_id]
        await record.scope.close()
        self.on_idle()
