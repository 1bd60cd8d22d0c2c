"""The manager: its conversations put together, started and stopped."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial

import msgspec

from distributed.clock import Clock, WheelTimers
from distributed.membership.interface import Membership
from distributed.messages.admin import DrainNode, DrainStarted, NodeStatus
from distributed.messages.base import Message
from distributed.reliability.load import Load, MemoryShare
from distributed.supervision import Policy, Supervisor, settle
from distributed.telemetry.logs import BoundLogger, node_logger
from distributed.telemetry.metrics import Metrics
from distributed.transport.guard import guarded
from distributed.transport.interface import Context, Handlers, Identity, Listener, Transport
from distributed.transport.pool import ConnectionPool
from distributed.types import Address, Role

from .backpressure import Backpressure
from .cancellation import Cancellation
from .delivery import Delivery
from .gates import Gates
from .lanes import Lanes
from .lifecycle import Lifecycle
from .pace import Pace
from .progress import Progress
from .rebuild import Rebuild
from .reconcile import Reconcile
from .results import Results
from .roster import Roster
from .scheduling import Scheduler
from .settings import ManagerSettings
from .starting import Starting
from .state import ManagerState
from .values import Values
from .views import Views
from .watching import Watching


class ManagerNode:
    """Dispatches jobs to the workers of one datacenter.

    Args:
        settings: how it behaves.
        identity: its name, datacenter and instance; the address is filled in by `start`.
        bind: where it listens, `host:port`; port 0 takes a free one.
        membership: shows workers' deaths and other managers; None leaves silence to tell.
        memory: says how much of the memory that it may take the process has.

    Attributes:
        on_drained: called when the node has drained and was asked to end.
    """

    def __init__(
        self,
        settings: ManagerSettings,
        *,
        identity: Identity,
        bind: Address,
        clock: Clock,
        rng: random.Random,
        transport: Transport,
        metrics: Metrics,
        supervisor: Supervisor,
        membership: Membership | None = None,
        logger: BoundLogger | None = None,
        memory: MemoryShare = lambda: None,
    ) -> None:
        self._bind, self._transport = bind, transport
        self._listener: Listener | None = None
        self._pool: ConnectionPool | None = None
        state = self.state = ManagerState(
            settings,
            identity,
            clock=clock,
            rng=rng,
            logger=logger or node_logger(Role.MANAGER, identity.name),
            metrics=metrics,
            supervisor=supervisor,
            membership=membership,
            turn=transport.turn,
            load=Load(clock, memory=memory),
        )
        lifecycle = Lifecycle(state)
        lanes = Lanes(state, lifecycle)
        self._progress = Progress(state)
        delivery = self._delivery = Delivery(state, self._progress)
        scheduler = Scheduler(state, lifecycle, lanes, delivery)
        reconcile = Reconcile(state, lifecycle)
        self._results = Results(state, lifecycle, self._progress, reconcile)
        rebuild = Rebuild(state, lifecycle, reconcile, self._results)
        pace = Pace(state)
        self._starting = Starting(state, lifecycle, rebuild, delivery, pace)
        self.roster = Roster(state, lifecycle, scheduler, reconcile)
        self._cancellation = Cancellation(state, lifecycle)
        backpressure = Backpressure(state)
        self._gates = Gates(state, self.roster, backpressure, pace)
        self._views = Views(state, self._gates)
        self._watching = Watching(
            state, backpressure=backpressure, roster=self.roster, scheduler=scheduler
        )
        self._starting.on_deadline = self._cancellation.expire
        lifecycle.on_work = scheduler.wake
        lifecycle.on_results = delivery.wake
        lifecycle.on_change = self._progress.changed
        lanes.on_standing = self.roster.judge
        lanes.on_stale = self._starting.superseded
        reconcile.on_newcomer = rebuild.ask
        delivery.on_given_up = self._starting.given_up
        delivery.on_kept = self._starting.forget
        self.on_drained: Callable[[], None] = lambda: None

    @property
    def address(self) -> str:
        """Where it listens, once started."""
        return self.state.identity.address

    def status(self) -> NodeStatus:
        """One screen about this node."""
        return self._views.node_status()

    def handlers(self) -> Handlers:
        """Every message that a manager serves."""
        handlers: Handlers = {
            DrainNode: self.drain_node,
            **self._starting.handlers(),
            **self._results.handlers(),
            **self._delivery.handlers(),
            **Values(self.state).handlers(),
            **self._progress.handlers(),
            **self._cancellation.handlers(),
            **self.roster.handlers(),
            **self._gates.handlers(),
            **self._watching.handlers(),
            **self._views.handlers(),
        }
        return guarded(handlers, self.state.load, self.state.metrics)

    async def start(self) -> None:
        """Listen, be found, and begin to work.

        Raises:
            ConfigError: the address cannot be bound.
        """
        state = self.state
        state.timers = WheelTimers(asyncio.get_running_loop(), on_error=state.timer_failed)
        identity = state.identity
        self._listener = await self._transport.listen(
            self._bind, self.handlers(), identity, on_open=lambda one: state.pool.accepted(one)
        )
        advertised = identity.address or self._listener.address
        state.identity = msgspec.structs.replace(identity, address=advertised)
        self._pool = ConnectionPool(self._transport, self.handlers(), state.identity, state.clock)
        state.pool = self._pool
        spawn = state.spawn
        if state.membership is not None:
            state.membership.update_meta(
                {"role": Role.MANAGER.value, "dc": identity.datacenter, "addr": advertised}
            )
            spawn("watch-members", self.roster.watch, policy=Policy.RESTART)
        spawn("watching", self._watching.run, policy=Policy.RESTART)
        spawn("progress", self._progress.report, policy=Policy.RESTART)
        spawn("gates", self._gates.run, policy=Policy.RESTART)
        state.logger.info("listening on %s for %s", advertised, identity.datacenter)

    async def drain_node(self, _: Context, message: Message) -> Message:
        """Take no new jobs; those here go on."""
        assert isinstance(message, DrainNode)
        self.state.draining = True
        if message.stop:
            drained = partial(self._drain_and_stop, message.deadline_seconds)
            self.state.spawn("drain", drained, policy=Policy.ONCE)
        return DrainStarted(sum(record.left for record in self.state.records.values()))

    async def _drain_and_stop(self, deadline_seconds: float) -> None:
        await self.drain(deadline_seconds)
        self.on_drained()

    async def drain(self, deadline_seconds: float) -> bool:
        """Take no new jobs and wait until all are delivered; whether that was in time."""
        state = self.state
        state.draining = True
        until = state.clock.now() + deadline_seconds
        while any(not record.finished_told for record in state.records.values()):
            if state.clock.now() >= until:
                return False
            await state.clock.sleep(0.05)
        return True

    async def stop(self, *, drain_seconds: float = 0.0) -> None:
        """Stop; jobs that are left go to the manager that their gates name next.

        Workers keep running and keep their results: nothing here needs to be handed over.
        """
        state, log = self.state, self.state.logger
        if drain_seconds > 0:
            await self.drain(drain_seconds)
        state.draining = True
        state.timers.stop()
        await settle("the background", state.end_tasks, log)
        if self._listener is not None:
            await settle("the listener", self._listener.close, log)
        for record in list(state.records.values()):
            record.closing = True
            record.scope.close()
        state.records.clear()
        if self._pool is not None:
            await settle("the connections", self._pool.close, log)
