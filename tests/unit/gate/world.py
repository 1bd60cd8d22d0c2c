"""Real gates on loopback with a scripted manager behind them: no worker, no process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from distributed.client import Client, ClientSettings
from distributed.clock import SystemClock
from distributed.gate.node import GateNode
from distributed.gate.settings import GateSettings
from distributed.ledger import SqlLedger, open_engine
from distributed.ledger.engine import Engine
from distributed.messages.base import Done, Refused
from distributed.messages.cancel import CancelInDatacenter, CancelOutcome
from distributed.messages.dispatch import (
    DropJob,
    JobReport,
    JobStarted,
    ProvideInputs,
    QueryJob,
    StartJob,
)
from distributed.messages.health import ManagerRegistered, ManagerStatus, RegisterGate
from distributed.messages.job import Job, Placement, Workflow
from distributed.messages.results import DatacenterFinished, DatacenterResults, WorkflowResult
from distributed.reliability.overload import OverloadRules
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport.interface import Handlers, Identity
from distributed.transport.pool import ConnectionPool
from distributed.transport.tcp import TcpTransport
from distributed.types import Address, Role

REQUEST_SECONDS = 5.0
NEVER = OverloadRules(least_seconds=1e6, absolute_seconds=(1e6, 1e6, 1e6))
"""A test machine may be as slow as it likes."""


class Parts:
    """What every node of these tests is built from."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = SystemClock()
        self.rng = random.Random(seed)
        self.metrics = CountingMetrics()
        self.logger = node_logger("test", "test")
        self.supervisor = Supervisor(self.clock, self.rng, self.logger, self.metrics)
        self.transport = TcpTransport(self.supervisor, self.clock, self.logger, self.metrics)


class ScriptedManager:
    """A manager that does what the test says; by default it completes everything at once."""

    def __init__(self, name: str = "m-1", datacenter: str = "eu", cores: int = 8) -> None:
        self.name = name
        self.datacenter = datacenter
        self.cores = cores
        self.parts = Parts()
        self.address = Address("")
        self.started: list[StartJob] = []
        self.cancelled: list[CancelInDatacenter] = []
        self.dropped: list[DropJob] = []
        self.inputs: list[ProvideInputs] = []
        self.queried: list[QueryJob] = []
        self.refusal: Refused | None = None
        self.report: Callable[[QueryJob], JobReport] = lambda m: JobReport(
            m.job_id, self.datacenter, False
        )
        self.on_cancel: Callable[[CancelInDatacenter], CancelOutcome] = lambda m: CancelOutcome(
            m.job_id, tuple((name, "cancelled") for name in m.workflows)
        )
        self.run: Callable[[StartJob], Awaitable[None]] | None = self.complete
        self._sequence = 0

    async def start(self, bind: str = "127.0.0.1:0") -> ScriptedManager:
        handlers: Handlers = {
            RegisterGate: lambda _c, _m: ManagerRegistered(self.status()),
            StartJob: self._start,
            DropJob: lambda _c, m: self.dropped.append(m),
            CancelInDatacenter: self._cancel,
            ProvideInputs: self._inputs,
            QueryJob: self._query,
        }
        identity = Identity(Role.MANAGER, self.name, self.datacenter, f"i-{id(self)}")
        self.listener = await self.parts.transport.listen(Address(bind), handlers, identity)
        self.address = self.listener.address
        self.pool = ConnectionPool(self.parts.transport, handlers, identity, self.parts.clock)
        self._beat = self.parts.supervisor.spawn("beat", self._status_loop)
        self._gates: set[str] = set()
        return self

    async def stop(self) -> None:
        await self.listener.close()
        await self.pool.close()
        await self.parts.supervisor.stop()

    def status(self) -> ManagerStatus:
        self._sequence += 1
        return ManagerStatus(
            self.name,
            self.datacenter,
            self.address,
            self._sequence,
            workers=2,
            healthy_workers=2,
            cores=self.cores,
            free_cores=self.cores,
            queued=0,
            jobs=0,
            largest_worker=self.cores // 2,
        )

    async def _status_loop(self) -> None:
        while True:
            await asyncio.sleep(0.2)

    def _start(self, _context: Any, message: StartJob) -> Any:
        if self.refusal is not None:
            return self.refusal
        self.started.append(message)
        if self.run is not None:
            run = self.run
            self.parts.supervisor.spawn("run", lambda: _await(run(message)))
        return JobStarted(message.job_id)

    def _cancel(self, _context: Any, message: CancelInDatacenter) -> CancelOutcome:
        self.cancelled.append(message)
        return self.on_cancel(message)

    def _inputs(self, _context: Any, message: ProvideInputs) -> Done:
        self.inputs.append(message)
        return Done()

    def _query(self, _context: Any, message: QueryJob) -> JobReport:
        self.queried.append(message)
        return self.report(message)

    def names(self, message: StartJob) -> list[str]:
        return list(message.workflows) or [w.name for w in message.job.workflows]

    def result(self, name: str, *, state: str = "completed", **fields: Any) -> WorkflowResult:
        value = msgspec.msgpack.encode(f"{name}!") if state == "completed" else b""
        fields = {"attempt": 1, "value": value, "worker": "w-1"} | fields
        return WorkflowResult(
            name, fields.pop("attempt"), state, datacenter=self.datacenter, **fields
        )

    async def complete(self, message: StartJob) -> None:
        await self.send(message, [self.result(name) for name in self.names(message)])

    async def send(self, message: StartJob, results: list[WorkflowResult], gate: str = "") -> Any:
        batch = DatacenterResults(message.job_id, self.datacenter, message.epoch, tuple(results))
        return await self.ask(gate or message.gate_address, batch)

    async def finish(self, message: StartJob, state: str, reason: str = "") -> Any:
        return await self.ask(
            message.gate_address,
            DatacenterFinished(message.job_id, self.datacenter, message.epoch, state, reason),
        )

    async def ask(self, gate: str, message: msgspec.Struct) -> Any:
        return await self.pool.request(Address(gate), message, timeout=REQUEST_SECONDS)


async def _await(awaitable: Awaitable[None]) -> None:
    await awaitable


class GateWorld:
    """Gates over one ledger, managers and clients, closed together."""

    def __init__(self, url: str = "memory:") -> None:
        self.clock = SystemClock()
        self.engine: Engine = open_engine(url, self.clock)
        self.managers: list[ScriptedManager] = []
        self.gates: list[GateNode] = []
        self.parts: dict[str, Parts] = {}
        self.peers: dict[str, str] = {}
        self._clients: list[Client] = []

    async def manager(self, name: str = "m-1", datacenter: str = "eu") -> ScriptedManager:
        manager = await ScriptedManager(name, datacenter).start()
        self.managers.append(manager)
        return manager

    async def gate(self, name: str = "g-1", **changes: Any) -> GateNode:
        parts = Parts(len(self.gates) + 1)
        datacenters: dict[str, tuple[str, ...]] = {}
        for manager in self.managers:
            known = datacenters.get(manager.datacenter, ())
            datacenters[manager.datacenter] = (*known, manager.address)
        settings = GateSettings(
            **{
                "datacenters": datacenters,
                "peers": self.peers,
                "manager_silence_seconds": 60.0,
                "overload": NEVER,
            }
            | changes
        )
        gate = GateNode(
            settings,
            identity=Identity(Role.GATE, name, "home", f"{name}-{len(self.parts)}"),
            bind=Address("127.0.0.1:0"),
            clock=parts.clock,
            rng=parts.rng,
            transport=parts.transport,
            ledger=SqlLedger(KeptOpen(self.engine), parts.clock),
            supervisor=parts.supervisor,
            metrics=parts.metrics,
            logger=parts.logger,
        )
        await gate.start()
        self.gates.append(gate)
        self.parts[name] = parts
        self.peers[name] = gate.address
        await self.until(lambda: len(gate.managers.candidates()) >= len(datacenters))
        for datacenter, addresses in datacenters.items():
            await self.until(lambda d=datacenter, a=addresses: len(gate.managers.live(d)) == len(a))
        return gate

    def client(self, *gates: GateNode, **settings: Any) -> Client:
        chosen = gates or tuple(self.gates)
        settings = {"check_imports": False, "patience_seconds": 5.0} | settings
        client = Client([g.address for g in chosen], settings=ClientSettings(**settings))
        self._clients.append(client)
        return client

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something to become true; the test's own time limit ends a wait in vain."""
        while not true():
            await asyncio.sleep(0.005)

    async def recorded(self, gate: GateNode, job_id: str) -> None:
        """Wait until all that a gate knows of a job is durable."""
        record = gate.state.records[job_id]
        await self.until(lambda: bool(record.runs))
        await self.until(lambda: all(run.started for run in record.runs.values()))
        await self.until(
            lambda: record.created and record.pending is None and record.flushing is None
        )

    async def kill(self, gate: GateNode) -> None:
        """End a gate as a crash would: nothing is handed over, nothing recorded."""
        await gate.stop(hand_over=False)
        await self.parts[gate.name].supervisor.stop()
        self.gates.remove(gate)
        self.peers.pop(gate.name, None)

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        for gate in self.gates:
            await gate.stop()
            await self.parts[gate.name].supervisor.stop()
        for manager in self.managers:
            await manager.stop()
        await self.engine.close()


class KeptOpen:
    """An engine that several ledgers share: closing one of them leaves it open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.dialect = engine.dialect
        self.now = engine.now
        self.wall = engine.wall
        self.write = engine.write
        self.read = engine.read

    async def close(self) -> None:
        """Leave it to the owner."""


def job(*names: str, **fields: Any) -> Job:
    """A job of independent workflows; `after` maps names to dependencies."""
    after = fields.pop("after", {})
    placement = fields.pop("placement", {})
    return Job(
        name=fields.pop("name", "demo"),
        workflows=tuple(
            Workflow(name=name, run="pkg.mod:f", after=tuple(after.get(name, ())))
            for name in names or ("a",)
        ),
        placement=Placement(**placement),
        **fields,
    )
