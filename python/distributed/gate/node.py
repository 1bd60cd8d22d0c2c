"""A gate: constructor, start, stop. Each conversation has its own module."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from distributed.clock import Clock, WheelTimers
from distributed.errors import LedgerUnavailable
from distributed.ledger.interface import Ledger
from distributed.membership.interface import Membership
from distributed.messages.admin import DrainNode, DrainStarted, NodeStatus
from distributed.messages.base import Message, Refused
from distributed.reliability.load import Load, MemoryShare
from distributed.supervision import Policy, Supervisor, settle
from distributed.telemetry.logs import BoundLogger, node_logger
from distributed.telemetry.metrics import Metrics
from distributed.transport.guard import guarded
from distributed.transport.interface import (
    Context,
    Handlers,
    Identity,
    Listener,
    Service,
    Transport,
)
from distributed.transport.pool import ConnectionPool
from distributed.types import Address, Role

from .admission import Admission
from .cancellation import Cancellation
from .deadlines import Deadlines
from .dispatch import Dispatch
from .ending import Ending
from .farewells import Farewells
from .federation import Federation
from .inputs import Inputs
from .leases import Leases
from .logs import Logs
from .managers import Managers
from .placing import Placing
from .progress import Progress
from .reporting import Reporting
from .results import Results
from .settings import GateSettings
from .state import GateState
from .status import Status
from .story import Stories
from .submission import Submission
from .takeover import Takeover
from .values import Values
from .views import Views
from .watching import Watching

SWEEP_SECONDS = 60.0
SWEEP_PAUSE_SECONDS = 0.5
SWEPT_AT_ONCE = 1000
"""Jobs forgotten in one transaction; where there are more, the next follows soon."""
DRAIN_SECONDS = 5.0


class GateNode:
    """Owns jobs: accepts, routes, watches over and ends them.

    Args:
        settings: how it behaves.
        identity: its name, datacenter and instance; the address is filled in by `start`,
            unless one to advertise is given.
        bind: where it listens, `host:port`; port 0 takes a free one.
        ledger: what must survive; closed by `stop`.
        membership: shows the other gates; without one those of `settings.peers` count as
            alive, and only leases that run out tell of a death.
        memory: says how much of the memory that it may take the process has.
    """

    def __init__(
        self,
        settings: GateSettings,
        *,
        identity: Identity,
        bind: Address,
        clock: Clock,
        rng: random.Random,
        transport: Transport,
        ledger: Ledger,
        metrics: Metrics,
        supervisor: Supervisor,
        membership: Membership | None = None,
        logger: BoundLogger | None = None,
        memory: MemoryShare = lambda: None,
    ) -> None:
        self._transport = transport
        self._bind = bind
        self._identity = identity
        self._listener: Listener | None = None
        self._serving = False
        self._tasks: list[asyncio.Task[None]] = []
        state = GateState(
            name=identity.name,
            instance=identity.instance,
            settings=settings,
            clock=clock,
            rng=rng,
            ledger=ledger,
            membership=membership,
            supervisor=supervisor,
            metrics=metrics,
            logger=logger or node_logger(Role.GATE, identity.name),
            load=Load(clock, settings.overload, memory),
        )
        self.state = state
        self.on_drained: Callable[[], None] = lambda: None
        """Called when the gate was asked to drain and end."""
        self._handlers: Handlers = self._converse(state)

    def _converse(self, state: GateState) -> Handlers:
        """Put the conversations together; returns what they handle."""
        watching = Watching(state)
        stories = self._stories = Stories(state, watching)
        ending = Ending(state, stories, Farewells(state))
        self.managers = Managers(state)
        placing = Placing(state, self.managers, stories)
        inputs = Inputs(state)
        dispatch = Dispatch(state, self.managers, placing, stories, ending, inputs)
        results = Results(state, self.managers, stories, inputs, ending)
        cancellation = Cancellation(state, stories, ending)
        deadlines = Deadlines(state, stories, ending)
        self._takeover = Takeover(
            state,
            self.managers,
            stories,
            dispatch,
            inputs,
            results,
            ending,
            cancellation,
            deadlines,
        )
        dispatch.on_stale = self._takeover.contested
        dispatch.on_taken = cancellation.repeat
        self._leases = Leases(state, self._takeover)
        self._admission = Admission(state)
        self.reporting = Reporting(state)
        ending.after = self.reporting.ended
        submission = Submission(
            state,
            self._admission,
            self.managers,
            placing,
            stories,
            dispatch,
            ending,
            self._takeover,
            deadlines,
            watching,
        )
        self._federation = Federation(state, self.managers)
        self._status = Status(state, self.managers)
        handlers = merge(
            submission.handlers(),
            watching.handlers(),
            placing.handlers(),
            self.managers.handlers(),
            results.handlers(),
            Progress(state, stories, watching).handlers(),
            Logs(state).handlers(),
            cancellation.handlers(),
            deadlines.handlers(),
            Views(state).handlers(),
            Values(state).handlers(),
            self._status.handlers(),
            {DrainNode: self._drain_node},
        )
        return guarded(handlers, state.load, state.metrics)

    @property
    def name(self) -> str:
        """This gate's name."""
        return self.state.name

    @property
    def address(self) -> str:
        """Where others reach it, once started."""
        return self.state.address

    def status(self) -> NodeStatus:
        """One screen about this gate."""
        return self._status.node_status()

    def handlers(self) -> Handlers:
        """Every message that a gate serves."""
        return self._handlers

    async def start(self) -> None:
        """Open the ledger and the port, find managers, take back what this gate owned.

        Raises:
            ConfigError: the address cannot be bound, or the ledger's schema is newer.
            LedgerUnavailable: the ledger does not answer.
        """
        state = self.state
        loop = asyncio.get_running_loop()
        state.timers = WheelTimers(loop, on_error=self._timer_failed)
        await state.ledger.start()
        self._listener = await self._transport.listen(
            self._bind,
            self._handlers,
            self._identity,
            on_open=lambda one: state.pool.accepted(one),
        )
        state.address = Address(self._identity.address) or self._listener.address
        identity = msgspec.structs.replace(self._identity, address=state.address)
        state.pool = ConnectionPool(self._transport, self._handlers, identity, state.clock)
        self._serving = True
        if state.membership is not None:
            state.membership.update_meta(
                {"role": Role.GATE.value, "dc": identity.datacenter, "addr": state.address}
            )
        self._spawn("ledger", state.ledger.serve)
        self.managers.start()
        await self._leases.first()
        for name, serve in (
            ("lease", self._leases.serve),
            ("orphans", self._takeover.serve_orphans),
            ("membership", self._takeover.serve_membership),
            ("admission", self._admission.serve),
            ("federation", self._federation.serve),
            ("retention", self._sweep),
        ):
            self._spawn(name, serve)
        state.logger.info("gate %s listens at %s", state.name, state.address)

    def _drain_node(self, _context: Context, message: DrainNode) -> Message:
        """A gate drains by ending: its jobs go to the other gates at once."""
        if not message.stop:
            return Refused("stop_only", "a gate drains by handing its jobs over as it stops")
        self.on_drained()
        return DrainStarted(len(self.state.records))

    async def drain(self, deadline_seconds: float) -> bool:
        """Nothing to wait for: `stop` hands over what is open."""
        del deadline_seconds
        return True

    async def stop(self, *, hand_over: bool = True) -> None:
        """Stop; gracefully, the jobs go to the other gates at once and results are recorded."""
        state = self.state
        if state.stopping:
            return
        state.stopping = True
        if not self._serving:
            await settle("closing the ledger", state.ledger.close, state.logger)
            return
        if hand_over:
            await settle("recording what is queued", self._drain, state.logger)
            await settle("handing over", self._leases.hand_over, state.logger)
        for record in tuple(state.records.values()):
            state.drop(record)
        if self._listener is not None:
            await settle("closing the port", self._listener.close, state.logger)
        await settle("closing connections", state.pool.close, state.logger)
        state.timers.stop()
        state.ledger.finish()
        for task in self._tasks:
            if task.get_name() != "ledger":
                task.cancel()
        await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)
        for task in self._tasks:
            task.cancel()
        await settle("closing the ledger", state.ledger.close, state.logger)

    async def _drain(self) -> None:
        """Wait, not for long, until what was queued for the ledger is durable."""
        self._stories.flush_all()
        waiting = [r.settled for r in self.state.records.values() if r.settled is not None]
        waiting += [r.flushing for r in self.state.records.values() if r.flushing is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=DRAIN_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await self.state.clock.sleep(SWEEP_SECONDS * (0.5 + self.state.rng.random()))
            while await self._sweep_once() == SWEPT_AT_ONCE:
                await self.state.clock.sleep(SWEEP_PAUSE_SECONDS)

    async def _sweep_once(self) -> int:
        """Forget ended jobs past retention, a bounded number of them; how many."""
        settings = self.state.settings
        try:
            gone = await self.state.ledger.sweep(
                keep_seconds=settings.retention_seconds,
                keep_count=settings.retention_jobs,
                key_seconds=settings.key_seconds,
                limit=SWEPT_AT_ONCE,
            )
        except LedgerUnavailable as error:
            self.state.logger.info("cannot sweep the ledger: %s", error)
            return 0
        if gone:
            self.state.logger.info("%d ended jobs are past retention", len(gone))
        return len(gone)

    def _spawn(self, name: str, serve: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._tasks.append(
            self.state.supervisor.spawn(name, serve, policy=Policy.RESTART, node=self.name)
        )

    def _timer_failed(self, error: BaseException, name: str) -> None:
        self.state.metrics.count("timer_failures", kind=name.rpartition(".")[2])
        self.state.logger.error("timer %s failed: %s", name, error, exc_info=error)


def merge(*tables: Handlers) -> Handlers:
    """One table of handlers.

    Raises:
        ValueError: two conversations claim one message.
    """
    merged: dict[type[msgspec.Struct], Service] = {}
    for table in tables:
        for kind, service in table.items():
            if kind in merged:
                raise ValueError(f"two conversations handle {kind.__name__}")
            merged[kind] = service
    return merged
