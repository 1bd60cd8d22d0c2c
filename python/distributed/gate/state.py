"""What every conversation of a gate shares: the records, the effects, the neighbours."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from distributed.clock import Clock, WheelTimers
from distributed.jobs import ownership
from distributed.ledger.interface import Ledger
from distributed.membership.interface import Membership
from distributed.messages.base import Gone, Redirect
from distributed.messages.results import WorkflowResult
from distributed.reliability.load import Load
from distributed.supervision import JobScope, Policy, Supervisor
from distributed.supervision.supervisor import Factory
from distributed.telemetry.logs import BoundLogger
from distributed.telemetry.metrics import Metrics
from distributed.telemetry.tracing import NO_TRACES, Tracer
from distributed.types import Address

from .record import JobRecord
from .settings import GateSettings

if TYPE_CHECKING:
    from distributed.transport.pool import ConnectionPool


class GateState:
    """One gate's state; conversations hold it and nothing of each other's.

    `records` is the only table keyed by job; `web_address` is where the status page is served,
    and `tracer` follows jobs; whoever hosts the node sets both.
    """

    def __init__(
        self,
        *,
        name: str,
        instance: str,
        settings: GateSettings,
        clock: Clock,
        rng: random.Random,
        ledger: Ledger,
        membership: Membership | None,
        supervisor: Supervisor,
        metrics: Metrics,
        logger: BoundLogger,
        load: Load,
    ) -> None:
        self.name = name
        self.instance = instance
        self.address = Address("")
        self.settings = settings
        self.clock = clock
        self.rng = rng
        self.ledger = ledger
        self.membership = membership
        self.supervisor = supervisor
        self.metrics = metrics
        self.logger = logger
        self.load = load
        self.pool: ConnectionPool
        self.timers: WheelTimers
        self.records: dict[str, JobRecord] = {}
        self.adopted = asyncio.Event()
        self.held_bytes = 0
        self.held_log_bytes = 0
        self.lease_until = float("-inf")
        self.stopping = False
        self.web_address = ""
        self.tracer: Tracer = NO_TRACES
        self.faults: Callable[[str], Awaitable[None]] | None = None

    @property
    def holding(self) -> bool:
        """Whether this gate's leases are known to run: without that it orders nothing."""
        return self.clock.now() < self.lease_until

    async def fault_point(self, name: str) -> None:
        """A named place where a test may kill this process."""
        if self.faults is not None:
            await self.faults(name)

    def gates(self) -> dict[str, Address]:
        """Live gates by name, with their addresses; this one is among them unless stopping."""
        found = {} if self.stopping else {self.name: self.address}
        if self.membership is None:
            for name, address in self.settings.peers.items():
                found.setdefault(name, Address(address))
            if self.stopping:
                found.pop(self.name, None)
            return found
        for member in self.membership.members():
            advertised = member.meta.get("addr")
            if member.name == self.name or not member.is_alive or member.role != "gate":
                continue
            if isinstance(advertised, str):
                found[member.name] = Address(advertised)
        return found

    def address_of(self, gate: str) -> Address:
        """The address of a live gate, "" where it is unknown or dead."""
        return self.gates().get(gate, Address(""))

    def proposed_owner(self, job_id: str, *, without: frozenset[str] = frozenset()) -> str:
        """The live gate that rendezvous hashing gives the job to."""
        names = [name for name in self.gates() if name not in without]
        return ownership.owner(job_id, names) or self.name

    def take(self, record: JobRecord, result: WorkflowResult) -> bool:
        """Have a job hold a result, its value only where there is room for it.

        False where its workflow had a final result there already.
        """
        before = record.held_bytes
        room = before + self.settings.all_held_value_bytes - self.held_bytes
        fresh = record.take(result, min(self.settings.held_value_bytes, room))
        self.held_bytes += record.held_bytes - before
        return fresh

    def adopt(self, record: JobRecord) -> None:
        """Hold a job that another gate held; who waits for its new owner is woken."""
        self.records[record.job_id] = record
        self.adopted.set()
        self.adopted.clear()

    async def takes_over(self, job_id: str, seconds: float) -> None:
        """Wait until this gate holds a job that has lost its owner, at most that long."""
        try:
            async with asyncio.timeout(seconds):
                while job_id not in self.records:
                    await self.adopted.wait()
        except TimeoutError:
            return

    async def elsewhere(self, job_id: str) -> Redirect | Gone:
        """Whom to ask about a job that has no record here.

        Raises:
            LedgerUnavailable: who holds the job cannot be read.
        """
        lease = await self.ledger.lease(job_id)
        if lease is None or lease.owner == self.name:
            return Gone(job_id)
        address = self.address_of(lease.owner)
        return Redirect(lease.owner, address) if address else Gone(job_id)

    def drop(self, record: JobRecord, *, told: bool = False) -> None:
        """Forget a job: its record and everything that hangs off it.

        Watchers are sent elsewhere, unless they were told the end.
        """
        if self.records.get(record.job_id) is record:
            del self.records[record.job_id]
        self.held_bytes -= record.held_bytes
        self.held_log_bytes -= record.log_bytes
        record.held_bytes = record.log_bytes = 0
        for watch in record.watches or ():
            watch.ended = True
            if not told:
                watch.connection.try_send(Gone(record.job_id))
        record.watches = None
        record.span.end(state=record.state.value)
        for run in record.runs.values():
            if run.route is not None:
                run.route.abandoned()
        if record.timer is not None:
            self.timers.cancel(record.timer)
            record.timer = None
        if record.scope is not None:
            scope, record.scope = record.scope, None
            scope.close()
        if self.membership is not None:
            self.membership.end_job(record.job_id)

    def spawn(self, record: JobRecord, name: str, factory: Factory) -> None:
        """A background task that ends with the job."""
        if self.stopping or record.ending or self.records.get(record.job_id) is not record:
            return
        if record.scope is None:
            record.scope = JobScope(record.job_id, self.supervisor, self.logger, self.timers)
        record.scope.spawn(name, factory, policy=Policy.ONCE)

    def spawn_free(self, name: str, factory: Factory) -> None:
        """A background task that belongs to no job."""
        if not self.stopping:
            self.supervisor.spawn(name, factory, policy=Policy.ONCE)
