"""A manager and workers over real sockets, and a stand-in for the gate that keeps the ledger."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from distributed.clock import SystemClock
from distributed.manager.node import ManagerNode
from distributed.manager.settings import ManagerSettings
from distributed.messages.base import Done, Message
from distributed.messages.cancel import ExtendTimeout, TimeoutExtended
from distributed.messages.dispatch import StartJob
from distributed.messages.health import ManagerStatus
from distributed.messages.job import Job, Workflow
from distributed.messages.progress import JobProgress, WorkerLog
from distributed.messages.results import (
    DatacenterFinished,
    DatacenterResults,
    ResultsRecorded,
    WorkflowResult,
)
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport.interface import Context, Identity, Listener
from distributed.transport.pool import ConnectionPool
from distributed.transport.tcp import TcpTransport
from distributed.types import Address, Role
from distributed.worker.node import WorkerNode
from distributed.worker.settings import WorkerSettings

WORKFLOWS = str(Path(__file__).parents[1] / "execution")
ANY_PORT = Address("127.0.0.1:0")


class Process:
    """What every node of these tests is made of."""

    def __init__(
        self, role: Role, name: str, instance: str = "first", datacenter: str = "dc1"
    ) -> None:
        self.clock = SystemClock()
        self.rng = random.Random(name)
        self.metrics = CountingMetrics()
        self.logger = node_logger(role, name)
        self.supervisor = Supervisor(self.clock, self.rng, self.logger, self.metrics)
        self.transport = TcpTransport(self.supervisor, self.clock, self.logger, self.metrics)
        self.identity = Identity(role, name, datacenter, f"{name}-{instance}")

    def tools(self) -> dict[str, Any]:
        """Arguments that the roles' constructors share."""
        return {
            "identity": self.identity,
            "bind": ANY_PORT,
            "clock": self.clock,
            "rng": self.rng,
            "transport": self.transport,
            "metrics": self.metrics,
            "supervisor": self.supervisor,
        }


class StandInGate:
    """Records each (workflow, attempt) it is given once, as the ledger would."""

    def __init__(self) -> None:
        self.process = Process(Role.GATE, "gate")
        self.recorded: dict[str, list[WorkflowResult]] = {}
        self.finished: dict[str, DatacenterFinished] = {}
        self.progress: list[JobProgress] = []
        self.logs: list[WorkerLog] = []
        self.statuses: list[ManagerStatus] = []
        self.record = True
        self.grant_seconds = 0.0
        self.changed = asyncio.Event()

    async def start(self) -> None:
        """Listen."""
        handlers = {
            DatacenterResults: self._results,
            DatacenterFinished: self._finished,
            JobProgress: self._progress,
            WorkerLog: self._log,
            ExtendTimeout: self._extend,
            ManagerStatus: self._status,
        }
        process = self.process
        self.listener = await process.transport.listen(ANY_PORT, handlers, process.identity)
        self.pool = ConnectionPool(process.transport, handlers, process.identity, process.clock)

    async def stop(self) -> None:
        """Close everything."""
        await self.listener.close()
        await self.pool.close()
        await self.process.supervisor.stop()

    async def _results(self, _: Context, message: Message) -> Message:
        assert isinstance(message, DatacenterResults)
        if not self.record:
            return ResultsRecorded(message.job_id, ())
        kept = self.recorded.setdefault(message.job_id, [])
        known = {(result.workflow, result.attempt) for result in kept}
        kept += [r for r in message.results if (r.workflow, r.attempt) not in known]
        self.changed.set()
        pairs = tuple((result.workflow, result.attempt) for result in message.results)
        return ResultsRecorded(message.job_id, pairs)

    async def _finished(self, _: Context, message: Message) -> Message:
        assert isinstance(message, DatacenterFinished)
        self.finished[message.job_id] = message
        self.changed.set()
        return Done()

    async def _progress(self, _: Context, message: Message) -> None:
        assert isinstance(message, JobProgress)
        self.progress.append(message)
        self.changed.set()

    async def _log(self, _: Context, message: Message) -> None:
        assert isinstance(message, WorkerLog)
        self.logs.append(message)
        self.changed.set()

    async def _extend(self, _: Context, message: Message) -> Message:
        return TimeoutExtended(self.grant_seconds, 1)

    async def _status(self, _: Context, message: Message) -> None:
        assert isinstance(message, ManagerStatus)
        self.statuses.append(message)
        self.changed.set()

    async def until(self, condition: Any) -> None:
        """Wait until what was received makes `condition` true."""
        while not condition():
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), 0.05)
            except TimeoutError:
                continue

    def states(self, job_id: str) -> dict[str, str]:
        """Final states by workflow."""
        return {result.workflow: result.state for result in self.recorded.get(job_id, [])}


class Plane:
    """The datacenter under test."""

    def __init__(self) -> None:
        self.gate = StandInGate()
        self.managers: list[ManagerNode] = []
        self.workers: list[WorkerNode] = []
        self.closing: list[Listener] = []
        self._processes: list[Process] = []

    async def start(
        self,
        *,
        managers: int = 1,
        workers: int = 2,
        cores: int = 2,
        manager: dict[str, Any] | None = None,
        worker: dict[str, Any] | None = None,
    ) -> Plane:
        """Start all nodes and wait until the workers are registered."""
        await self.gate.start()
        for number in range(managers):
            await self.add_manager(f"m{number}", **(manager or {}))
        for number in range(workers):
            await self.add_worker(f"w{number}", cores=cores, **(worker or {}))
        await self.registered()
        return self

    async def add_manager(self, name: str, **settings: Any) -> ManagerNode:
        """One more manager."""
        process = Process(Role.MANAGER, name)
        node = ManagerNode(ManagerSettings(**settings), **process.tools())
        await node.start()
        self.managers.append(node)
        self._processes.append(process)
        return node

    async def add_worker(
        self, name: str, *, instance: str = "first", datacenter: str = "dc1", **settings: Any
    ) -> WorkerNode:
        """One more worker, which knows every manager."""
        merged: dict[str, Any] = {
            "managers": tuple(node.address for node in self.managers),
            "import_paths": (WORKFLOWS,),
            "status_interval_seconds": 0.1,
            "cancel_grace_seconds": 0.2,
            **settings,
        }
        process = Process(Role.WORKER, name, instance, datacenter)
        node = WorkerNode(WorkerSettings(**merged), **process.tools())
        await node.start()
        self.workers.append(node)
        self._processes.append(process)
        return node

    async def registered(self) -> None:
        """Wait until every manager has every worker."""
        while any(len(node.state.seats) < len(self.workers) for node in self.managers):
            await asyncio.sleep(0.01)

    async def run(self, job_id: str, *workflows: Workflow, manager: int = 0, **fields: Any) -> None:
        """Start a job on a manager."""
        start: dict[str, Any] = {"epoch": 1, "manager_epoch": 1}
        job: dict[str, Any] = {}
        for name, value in fields.items():
            target = start if name in StartJob.__struct_fields__ else job
            target[name] = value
        message = StartJob(
            job_id=job_id,
            gate="gate",
            gate_address=str(self.gate.listener.address),
            job=Job(name=job_id, workflows=workflows, **job),
            **start,
        )
        await self.gate.pool.request(Address(self.managers[manager].address), message, timeout=5.0)

    async def ask(self, message: Message, *, manager: int = 0) -> Any:
        """One request to a manager, as a gate would send it."""
        address = Address(self.managers[manager].address)
        return await self.gate.pool.request(address, message, timeout=30.0)

    async def finished(self, job_id: str) -> DatacenterFinished:
        """Wait for the end of the job in this datacenter."""
        await self.gate.until(lambda: job_id in self.gate.finished)
        return self.gate.finished[job_id]

    async def stop(self) -> None:
        """Stop every node."""
        for worker in self.workers:
            await worker.stop()
        for manager in self.managers:
            await manager.stop()
        for process in self._processes:
            await process.supervisor.stop()
        for listener in self.closing:
            await listener.close()
        await self.gate.stop()


def workflow(run: str, name: str = "", **fields: Any) -> Workflow:
    """A workflow of the tests' module."""
    return Workflow(name=name or run, run=f"workflows:{run}", **fields)
