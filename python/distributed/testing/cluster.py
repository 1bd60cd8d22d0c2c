"""A whole cluster in one process under virtual time: gates, managers, workers, clients, ledger.

with SimCluster(seed=7) as cluster:
    cluster.start()
    job = cluster.submit(Job(name="one", workflows=(workflow("a", Script(seconds=2)),)))
    cluster["north-w1"].kill()
    cluster.run_for(30)
    assert job.state == "completed"
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

import msgspec

from distributed.client.client import Client
from distributed.client.job import JobHandle
from distributed.gate.node import GateNode
from distributed.manager.node import ManagerNode
from distributed.messages.job import Job
from distributed.testing.cluster_spec import ClusterSpec
from distributed.testing.guards import no_real_world
from distributed.testing.ledger_faults import SharedDatabase
from distributed.testing.log_watch import LogLine, LogWatch
from distributed.testing.membership_core import CoreGroup
from distributed.testing.membership_oracle import OracleGroup
from distributed.testing.network import Network
from distributed.testing.processes import GOSSIP_PORT, Life, SimProcess
from distributed.testing.simulated_work import SimulatedExecutor, WorkEvent
from distributed.testing.submissions import Submission
from distributed.testing.trace import Trace
from distributed.testing.virtual_loop import VirtualLoop, VirtualTimeError
from distributed.types import Role
from distributed.worker.node import WorkerNode

COLLECT_EVERY_SECONDS = 300.0


class SimCluster:
    """Every process by name: `g1`, `north-m1`, `north-w1`, `c1`.

    Args:
        seed: fixes all that is left to chance.
        spec: sizes and settings.
        log_level: least level of log lines kept for the timeline.
    """

    def __init__(
        self,
        seed: int,
        spec: ClusterSpec | None = None,
        *,
        log_level: int = logging.WARNING,
    ) -> None:
        self.spec = spec or ClusterSpec()
        self.loop = VirtualLoop(seed, shuffle=self.spec.shuffle)
        self.trace = Trace(self.loop.time)
        self.network = Network(self.loop, self.trace)
        self.database = SharedDatabase(self.loop)
        self.log = LogWatch(self.loop.time, self._logged, level=log_level)
        self.processes: dict[str, SimProcess] = {}
        self.submissions: list[Submission] = []
        self.work_watchers: list[Callable[[WorkEvent], None]] = []
        self._collected_at = 0.0
        self._followed: WeakSet[JobHandle] = WeakSet()
        self._stack = ExitStack()
        self._groups: dict[str, OracleGroup | CoreGroup] = {}
        self._build()

    def __enter__(self) -> Self:
        self.log.attach()
        self._stack.callback(self.log.detach)
        self._stack.enter_context(no_real_world(self.loop))
        gc.collect()
        gc.freeze()
        gc.disable()
        self._stack.callback(gc.enable)
        self._stack.callback(gc.unfreeze)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.loop.close()
        self.database.close()
        self._stack.close()

    def __getitem__(self, name: str) -> SimProcess:
        return self.processes[name]

    def of_role(self, role: Role) -> Iterator[SimProcess]:
        """Processes of one role, in order of their names' making."""
        return (process for process in self.processes.values() if process.role is role)

    # time

    def start(self, *, patience_seconds: float = 30.0) -> None:
        """Start every process and run until workers are registered and gates know managers.

        Raises:
            VirtualTimeError: they did not find each other in time.
        """
        for process in self.processes.values():
            process.start()
        deadline = self.loop.time() + patience_seconds
        while not self.ready():
            if self.loop.time() > deadline:
                raise VirtualTimeError(f"the cluster is not ready after {patience_seconds:g} s")
            self.run_for(0.25)

    def ready(self) -> bool:
        """Whether everybody who is up knows everybody whom it must know."""
        if not all(process.up for process in self.processes.values()):
            return False
        workers = self.spec.workers
        managers = [p.node for p in self.of_role(Role.MANAGER)]
        gates = [p.node for p in self.of_role(Role.GATE)]
        return all(len(node.state.seats) == workers for node in managers) and all(
            len(gate.managers.live(datacenter)) == self.spec.managers
            for gate in gates
            for datacenter in self.spec.datacenters
        )

    def run_for(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass."""
        self.loop.run_for(seconds)
        if self.loop.time() - self._collected_at >= COLLECT_EVERY_SECONDS:
            self._collected_at = self.loop.time()
            gc.collect()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine of the scenario to its end."""
        return self.loop.run_until_complete(coroutine)

    # jobs

    def submit(self, job: Job, *, client: str = "c1", key: str = "") -> Submission:
        """Submit as a client process; what becomes of it is followed to the end."""
        submission = Submission(self.loop, self.processes[client], job, key, self._followed)
        self.submissions.append(submission)
        return submission

    # building

    def _build(self) -> None:
        spec = self.spec
        for index, datacenter in enumerate(spec.datacenters, 1):
            for number in range(1, spec.managers + 1):
                self._add(
                    Role.MANAGER, f"{datacenter}-m{number}", datacenter, f"10.{index}.1.{number}"
                )
            for number in range(1, spec.workers + 1):
                self._add(
                    Role.WORKER, f"{datacenter}-w{number}", datacenter, f"10.{index}.2.{number}"
                )
        for number in range(1, spec.gates + 1):
            datacenter = spec.datacenters[(number - 1) % len(spec.datacenters)]
            self._add(Role.GATE, f"g{number}", datacenter, f"10.0.0.{number}")
        for number in range(1, spec.clients + 1):
            datacenter = spec.datacenters[(number - 1) % len(spec.datacenters)]
            self._add(Role.CLIENT, f"c{number}", datacenter, f"10.9.0.{number}")

    def _add(self, role: Role, name: str, datacenter: str, ip: str) -> None:
        builders: dict[Role, Callable[[Life], Any]] = {
            Role.GATE: self._gate,
            Role.MANAGER: self._manager,
            Role.WORKER: self._worker,
            Role.CLIENT: self._client,
        }
        self.processes[name] = SimProcess(self.network, role, name, datacenter, ip, builders[role])

    def _gate(self, life: Life) -> GateNode:
        seeds = {
            datacenter: tuple(
                p.address for p in self.of_role(Role.MANAGER) if p.datacenter == datacenter
            )[:2]
            for datacenter in self.spec.datacenters
        }
        life.membership = self._join(life, "wan")
        return GateNode(
            msgspec.structs.replace(self.spec.gate, datacenters=seeds),
            ledger=self.database.ledger(life.host, life.clock),
            membership=life.membership,
            **self._tools(life),
        )

    def _manager(self, life: Life) -> ManagerNode:
        life.membership = self._join(life, life.identity.datacenter)
        return ManagerNode(self.spec.manager, membership=life.membership, **self._tools(life))

    def _worker(self, life: Life) -> WorkerNode:
        life.membership = self._join(life, life.identity.datacenter)
        seed = next(
            p.address
            for p in self.of_role(Role.MANAGER)
            if p.datacenter == life.identity.datacenter
        )
        return WorkerNode(
            msgspec.structs.replace(self.spec.worker, cores=self.spec.cores, managers=(seed,)),
            membership=life.membership,
            executor=SimulatedExecutor(
                life.identity.name, self.spec.cores, self._worked, life=life.number
            ),
            **self._tools(life),
        )

    def _client(self, life: Life) -> ClientNode:
        gates = [process.address for process in self.of_role(Role.GATE)]
        return ClientNode(
            Client(
                gates,
                settings=self.spec.client,
                name=life.identity.name,
                clock=life.clock,
                rng=life.rng,
                transport=life.transport,
            )
        )

    def _tools(self, life: Life) -> dict[str, Any]:
        return {
            "identity": life.identity,
            "bind": life.identity.address,
            "clock": life.clock,
            "rng": life.rng,
            "transport": life.transport,
            "metrics": life.metrics,
            "supervisor": life.supervisor,
            "logger": life.logger,
        }

    def _join(self, life: Life, group_name: str) -> Any:
        group = self._groups.get(group_name)
        if group is None:
            group = self._groups[group_name] = self._new_group(group_name)
        process = self.processes[life.identity.name]
        meta = {"role": process.role.value, "dc": process.datacenter, "addr": process.address}
        gossip = f"{process.ip}:{GOSSIP_PORT}"
        if isinstance(group, OracleGroup):
            return group.join(life.host, process.name, gossip, meta)
        return group.join(life.host, life.agent, process.name, gossip, meta)

    def _new_group(self, name: str) -> OracleGroup | CoreGroup:
        if self.spec.membership == "oracle":
            return OracleGroup(self.network)
        return CoreGroup(self.network, profile="wan" if name == "wan" else "lan")

    # what happens

    def _worked(self, event: WorkEvent) -> None:
        self.trace.add(
            event.node,
            "work",
            event.kind,
            detail=f"{event.job_id} {event.workflow} {event.attempt} {event.dispatch_id}",
        )
        for watcher in self.work_watchers:
            watcher(event)

    def _logged(self, line: LogLine) -> None:
        self.trace.add(line.node, "log", logging.getLevelName(line.level), detail=line.text)


class ClientNode:
    """A client as a process: started and stopped like the rest."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def start(self) -> None:
        """A client connects when it must."""

    async def stop(self) -> None:
        """End its connections."""
        await self.client.close()
