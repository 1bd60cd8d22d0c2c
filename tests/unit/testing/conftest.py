"""A virtual loop with a network, and nodes on it that run the real transport."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from distributed.clock import LoopClock
from distributed.messages.admin import NodeStatus, ShowStatus
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.testing.network import Network
from distributed.testing.trace import Trace
from distributed.testing.virtual_host import VirtualHost
from distributed.testing.virtual_loop import VirtualLoop
from distributed.transport import Connection, Context, Identity
from distributed.transport.tcp import TcpTransport
from distributed.types import Address, Role


class World:
    """A loop, its network and its trace."""

    def __init__(self, seed: int = 1) -> None:
        self.loop = VirtualLoop(seed)
        self.trace = Trace(self.loop.time)
        self.network = Network(self.loop, self.trace)
        self.nodes: dict[str, SimNode] = {}

    def node(self, name: str, datacenter: str = "north") -> SimNode:
        made = SimNode(self, name, datacenter, f"10.0.0.{len(self.nodes) + 1}")
        self.nodes[name] = made
        return made

    def run(self, node: SimNode, coroutine: Any) -> Any:
        return self.loop.run_until_complete(self.loop.spawn(node.host, coroutine))


class SimNode:
    """One process with the real TCP transport over simulated wires."""

    def __init__(self, world: World, name: str, datacenter: str, ip: str) -> None:
        self.world = world
        self.host = VirtualHost(name, datacenter=datacenter, ip=ip)
        self.clock = LoopClock(world.loop)
        self.metrics = CountingMetrics()
        logger = node_logger("gate", name)
        self.supervisor = Supervisor(self.clock, random.Random(name), logger, self.metrics)
        self.transport = TcpTransport(self.supervisor, self.clock, logger, self.metrics)
        self.identity = Identity(Role.GATE, name, datacenter)
        self.address = Address(f"{ip}:7000")
        self.served = 0

    def status(self, _: Context, __: ShowStatus) -> msgspec.Struct:
        self.served += 1
        return NodeStatus(self.host.name, "gate", self.host.datacenter, 1.0, "up")

    async def serve(self) -> None:
        await self.transport.listen(self.address, {ShowStatus: self.status}, self.identity)

    async def open(self, other: SimNode, timeout: float = 3.0) -> Connection:
        return await self.transport.connect(other.address, {}, self.identity, timeout=timeout)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.loop.close()


@pytest.fixture
def pair(world: World) -> tuple[SimNode, SimNode, Connection]:
    """Node `a` connected to the serving node `b`."""
    a, b = world.node("a"), world.node("b")
    world.run(b, b.serve())
    return a, b, world.run(a, a.open(b))
