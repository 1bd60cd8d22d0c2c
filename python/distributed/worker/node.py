"""The worker: its conversations put together, started and stopped."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from distributed.clock import Clock, WheelTimers
from distributed.execution.interface import Executor
from distributed.execution.pool import PoolSettings, Soon, SubprocessPool
from distributed.execution.spill import sweep
from distributed.membership.interface import Membership
from distributed.messages.admin import DrainNode, DrainStarted, NodeStatus
from distributed.messages.base import Message
from distributed.reliability.load import Load, MemoryShare
from distributed.supervision import Policy, Supervisor, settle
from distributed.supervision.supervisor import Factory
from distributed.telemetry.logs import BoundLogger, node_logger
from distributed.telemetry.metrics import Metrics
from distributed.transport.interface import Context, Handlers, Identity, Listener, Transport
from distributed.transport.pool import ConnectionPool
from distributed.types import Address, Role

from .assignment import Assignments
from .cancellation import Cancellation
from .delivery import Delivery
from .forensics import EventLog
from .guards import Guards
from .orphans import Orphans
from .record import JobRecord
from .registration import Registration
from .reporting import Reporting
from .running import Running
from .settings import WorkerSettings
from .state import WorkerState
from .timeouts import Timeouts
from .transfers import Transfers
from .views import Views

SPILL_SWEEP_SECONDS = 3600.0


class WorkerNode:
    """Runs workflows for the managers of one datacenter.

    Args:
        settings: how it behaves.
        identity: its name, datacenter and instance; the address is filled in by `start`.
        bind: where it listens, `host:port`; port 0 takes a free one.
        executor: what runs the code; None makes the subprocess pool that settings describe.
        membership: shows managers and their deaths; None leaves the seeds of the settings.
        memory: says how much of the memory that it may take the process has.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        *,
        identity: Identity,
        bind: Address,
        clock: Clock,
        rng: random.Random,
        transport: Transport,
        metrics: Metrics,
        supervisor: Supervisor,
        membership: Membership | None = None,
        executor: Executor | None = None,
        logger: BoundLogger | None = None,
        memory: MemoryShare = lambda: None,
    ) -> None:
        settings = with_machine_facts(settings)
        self._bind = bind
        self._transport = transport
        self._listener: Listener | None = None
        self._pool: ConnectionPool | None = None
        self._own_executor = executor is None
        self._settings = settings
        log = logger or node_logger(Role.WORKER, identity.name)
        events_path = (
            str(Path(settings.data_directory) / f"{identity.name}.events.jsonl")
            if settings.data_directory
            else ""
        )
        self.state = WorkerState(
            settings,
            identity,
            clock=clock,
            rng=rng,
            logger=log,
            metrics=metrics,
            supervisor=supervisor,
            executor=executor or make_executor(settings, supervisor, transport.turn.soon),
            events=EventLog(events_path, settings.event_log_bytes, clock),
            load=Load(clock, memory=memory),
        )
        self._orphans = Orphans(self.state)
        self._reporting = Reporting(self.state)
        self._delivery = Delivery(self.state, self._orphans, self._reporting)
        in_files = self._own_executor and settings.executor == "subprocess"
        folder = spill_directory(settings) if in_files else ""
        transfers = Transfers(self.state, self._orphans, folder)
        self._running = Running(self.state, self._delivery, self._reporting, transfers)
        self._orphans.end = self._running.end
        self._assignments = Assignments(self.state, self._running, self._orphans)
        self._cancellation = Cancellation(self.state, self._running)
        self.registration = Registration(self.state, self._orphans, membership)
        self._running.on_due = Timeouts(self.state, self._running).due
        self._guards = Guards(self.state, self._running)
        self._views = Views(self.state, self.registration, membership)
        self._membership = membership
        self.on_drained: Callable[[], None] = lambda: None
        """Called when the node has drained and was asked to end."""

    @property
    def address(self) -> str:
        """Where it listens, once started."""
        return self.state.identity.address

    def status(self) -> NodeStatus:
        """One screen about this node."""
        return self._views.node_status()

    def handlers(self) -> Handlers:
        """Every message that a worker serves."""
        return {
            DrainNode: self.drain_node,
            **self._assignments.handlers(),
            **self._cancellation.handlers(),
            **self._delivery.handlers(),
            **self._reporting.handlers(),
            **self.registration.handlers(),
            **self._views.handlers(),
        }

    async def start(self) -> None:
        """Open the executor, listen, and register with managers.

        Raises:
            ConfigError: the address cannot be bound or the executor cannot run.
        """
        state = self.state
        state.timers = WheelTimers(asyncio.get_running_loop(), on_error=state.timer_failed)
        await state.executor.open()
        identity = state.identity
        self._listener = await self._transport.listen(
            self._bind, self.handlers(), identity, on_open=lambda one: state.pool.accepted(one)
        )
        advertised = identity.address or self._listener.address
        state.identity = msgspec.structs.replace(identity, address=advertised)
        self._pool = ConnectionPool(self._transport, self.handlers(), state.identity, state.clock)
        state.pool = self._pool
        if self._membership is not None:
            self._membership.update_meta(
                {
                    "role": Role.WORKER.value,
                    "dc": identity.datacenter,
                    "addr": advertised,
                    "cores": str(state.executor.slots),
                }
            )
        spawn = state.spawn
        spawn("progress", self._reporting.run, policy=Policy.RESTART)
        spawn("guards", self._guards.run, policy=Policy.RESTART)
        spawn("load", state.load.watch, policy=Policy.RESTART)
        if self._own_executor:
            spawn("spill", self._sweep_spill, policy=Policy.RESTART)
        self.registration.start()
        state.events.note("worker_started", address=advertised, cores=state.executor.slots)
        state.logger.info("listening on %s with %d cores", advertised, state.executor.slots)

    async def _sweep_spill(self) -> None:
        """Delete files of large results that were kept long enough, now and each hour."""
        folder, keep = spill_directory(self._settings), self._settings.spill_keep_seconds
        while True:
            sweep(folder, self.state.clock.wall() - keep)
            await self.state.clock.sleep(SPILL_SWEEP_SECONDS)

    async def drain_node(self, _: Context, message: Message) -> Message:
        """Take no new work; finish what runs."""
        assert isinstance(message, DrainNode)
        self.state.draining = True
        self.state.events.note("draining")
        await self.registration.announce_draining()
        if message.stop:
            drained = partial(self._drain_and_stop, message.deadline_seconds)
            self.state.spawn("drain", drained, policy=Policy.ONCE)
        return DrainStarted(self.state.attempts)

    async def _drain_and_stop(self, deadline_seconds: float) -> None:
        await self.drain(deadline_seconds)
        self.on_drained()

    async def drain(self, deadline_seconds: float) -> bool:
        """Finish what runs and deliver it; whether all was done in time."""
        state = self.state
        state.draining = True
        await self.registration.announce_draining()
        emptied = asyncio.Event()

        def look() -> None:
            if all(record.idle for record in state.records.values()):
                emptied.set()

        state.on_idle = look
        look()
        try:
            await asyncio.wait_for(emptied.wait(), deadline_seconds)
        except TimeoutError:
            return False
        return True

    async def _drop(self, record: JobRecord) -> None:
        self.state.drop(record, "the worker stops")

    async def stop(self, *, drain_seconds: float = 0.0) -> None:
        """Finish within `drain_seconds`, then end whatever is left."""
        state, log = self.state, self.state.logger
        if drain_seconds > 0:
            await self.drain(drain_seconds)
        state.draining = True
        state.timers.stop()
        await settle("the background", state.end_tasks, log)
        if self._listener is not None:
            await settle("the listener", self._listener.close, log)
        for record in list(state.records.values()):
            await settle("a job", partial(self._drop, record), log)
        await settle("the executor", state.executor.close, log)
        if self._pool is not None:
            await settle("the connections", self._pool.close, log)
        state.events.note("worker_stopped")
        state.events.close()


def make_executor(settings: WorkerSettings, supervisor: Supervisor, soon: Soon) -> Executor:
    """The executor that the settings name."""

    def spawn(name: str, factory: Factory) -> object:
        return supervisor.spawn(name, factory, policy=Policy.ONCE)

    spill = spill_directory(settings)
    if settings.executor == "ray":
        from distributed.execution.ray import RayExecutor, RaySettings

        return RayExecutor(
            RaySettings(
                address=settings.ray_address,
                import_paths=settings.import_paths,
            ),
            spawn,
        )
    return SubprocessPool(
        PoolSettings(
            slots=settings.cores,
            warm_children=settings.warm_children,
            spill_directory=spill,
            import_paths=settings.import_paths,
        ),
        spawn,
        soon,
    )


def spill_directory(settings: WorkerSettings) -> str:
    """Where results over 1 MiB are written."""
    if settings.data_directory:
        return str(Path(settings.data_directory) / "results")
    return str(Path(tempfile.gettempdir()) / "shoal-results")


def with_machine_facts(settings: WorkerSettings) -> WorkerSettings:
    """Settings with cores and memory of this machine where they say 0."""
    cores = settings.cores or len(os.sched_getaffinity(0))
    memory = settings.memory_bytes or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return msgspec.structs.replace(settings, cores=cores, memory_bytes=memory)
