"""What the conversations of a manager share."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from distributed.clock import Clock, WheelTimers
from distributed.execution.pipeline import PipelineDepth
from distributed.jobs.allocation import Allocation
from distributed.jobs.fairness import FairQueue
from distributed.jobs.undelivered import Undelivered
from distributed.membership.interface import Membership
from distributed.messages.health import Departure
from distributed.reliability.load import Load
from distributed.supervision import Policy, Supervisor
from distributed.telemetry.logs import BoundLogger
from distributed.telemetry.metrics import Metrics
from distributed.telemetry.tracing import NO_TRACES, Tracer
from distributed.transport.interface import Identity
from distributed.transport.pool import ConnectionPool
from distributed.transport.turn import Turn

from .record import JobRecord
from .settings import ManagerSettings

if TYPE_CHECKING:
    from distributed.supervision.supervisor import Factory

    from .worker_seat import WorkerSeat

STOP_SECONDS = 1.0
DEPARTURES = 32
"""Workers that went lately, remembered to be told."""


class ManagerState:
    """The manager's jobs and workers. Holds no behaviour of its own.

    Attributes:
        records: every job here, by id: the only table keyed by job.
        seats: registered workers by name.
        timers: all of the node's; a job's are set through its scope. Made at the start.
        tiny: learnt run times, which say how much may be given ahead of cores.
        waiting: workflows that are ready or out, over all jobs.
        web_address: where the status page is served, for who asks; "" where it is not.
        tracer: follows jobs; whoever hosts the node sets it.
    """

    def __init__(
        self,
        settings: ManagerSettings,
        identity: Identity,
        *,
        clock: Clock,
        rng: random.Random,
        logger: BoundLogger,
        metrics: Metrics,
        supervisor: Supervisor,
        membership: Membership | None,
        turn: Turn,
        load: Load,
    ) -> None:
        self.settings = settings
        self.turn = turn
        self.load = load
        self.identity = identity
        self.clock = clock
        self.rng = rng
        self.logger = logger
        self.metrics = metrics
        self.supervisor = supervisor
        self.membership = membership
        self.pool: ConnectionPool
        self.records: dict[str, JobRecord] = {}
        self.seats: dict[str, WorkerSeat] = {}
        self.peopled = asyncio.Event()
        self.allocation = Allocation()
        self.queue = FairQueue()
        self.timers: WheelTimers
        self.tiny = PipelineDepth(
            tiny_seconds=0.02,
            target_seconds=settings.ahead_seconds,
            max_depth=settings.ahead_limit,
        )
        self.departures: deque[tuple[float, Departure]] = deque(maxlen=DEPARTURES)
        self.draining = False
        self.web_address = ""
        self.tracer: Tracer = NO_TRACES
        self.dispatched = 0
        self.cores_given = 0
        self.stopping = False
        self._undelivered = Undelivered()
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

    def has_authority(self, record: JobRecord) -> bool:
        """Whether the job's gate answered lately enough for attempts to be started.

        A worker remembers for longer whom it obeyed, so a manager that was cut off, and
        replaced meanwhile, cannot begin anew what another one ended.
        """
        return self.clock.now() - record.answered_at <= self.settings.authority_seconds

    def departed(self) -> tuple[Departure, ...]:
        """Workers that went lately, with how long ago."""
        now = self.clock.now()
        return tuple(
            msgspec.structs.replace(departure, seconds_ago=now - at)
            for at, departure in self.departures
        )

    @property
    def overfull(self) -> bool:
        """Whether so many results wait for gates that workers must keep theirs."""
        most_bytes = self.settings.undelivered_bytes
        return self._undelivered.over(most_bytes, self.records.values(), self.clock.now())

    @property
    def name(self) -> str:
        """This manager's name."""
        return self.identity.name

    @property
    def datacenter(self) -> str:
        """Where it stands."""
        return self.identity.datacenter
