"""Two nodes on loopback, plain or with certificates."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable

import pytest

from distributed.clock import SystemClock
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport import Connection, Handlers, Identity
from distributed.transport.endpoint import Limits
from distributed.transport.tcp import TcpListener, TcpTransport
from distributed.transport.tls import TlsFiles
from distributed.types import Address, Role


class Node:
    """A transport with its own supervisor and counts."""

    def __init__(
        self,
        name: str,
        role: Role = Role.GATE,
        *,
        limits: Limits | None = None,
        tls: TlsFiles | None = None,
        cluster: str = "",
        datacenter: str = "north",
    ) -> None:
        self.metrics = CountingMetrics()
        self.identity = Identity(role, name, datacenter, f"{name}-1")
        logger = node_logger(role.value, name)
        self.supervisor = Supervisor(SystemClock(), random.Random(1), logger, self.metrics)
        self.transport = TcpTransport(
            self.supervisor,
            SystemClock(),
            logger,
            self.metrics,
            limits=limits,
            tls=tls,
            cluster=cluster,
        )
        self.listener: TcpListener | None = None
        self.connections: list[Connection] = []

    async def listen(self, handlers: Handlers, address: str = "127.0.0.1:0") -> Address:
        self.listener = await self.transport.listen(Address(address), handlers, self.identity)
        return self.listener.address

    async def connect(self, address: Address, handlers: Handlers | None = None) -> Connection:
        connection = await self.transport.connect(
            address, handlers or {}, self.identity, timeout=5.0
        )
        self.connections.append(connection)
        return connection

    async def stop(self) -> None:
        for connection in self.connections:
            if not connection.closed:
                await connection.close()
        if self.listener is not None:
            await self.listener.close()
        await self.supervisor.stop()


@pytest.fixture
async def make_node() -> AsyncIterator[Callable[..., Node]]:
    nodes: list[Node] = []

    def make(name: str, role: Role = Role.GATE, **options: object) -> Node:
        node = Node(name, role, **options)  # type: ignore[arg-type]
        nodes.append(node)
        return node

    yield make
    for node in reversed(nodes):
        await node.stop()
