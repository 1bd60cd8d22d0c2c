"""A cluster of node processes on loopback, described by a few numbers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType

import msgspec

from distributed.commands.local.process import NodeProcess


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How many of what.

    Attributes:
        gates: gates in all, spread over the datacenters.
        datacenters: names.
        managers: in each datacenter.
        workers: in each datacenter.
        cores: of each worker.
        profile: membership constants.
        ledger: URL; "" puts a SQLite file into the cluster's folder.
        log_level: of every node.
    """

    gates: int = 1
    datacenters: tuple[str, ...] = ("dc1",)
    managers: int = 1
    workers: int = 2
    cores: int = 2
    profile: str = "local"
    ledger: str = ""
    log_level: str = "info"


class LocalCluster:
    """Starts the nodes of a shape in dependency order and ends every one of them."""

    def __init__(self, shape: Shape, folder: Path) -> None:
        self.shape = shape
        self.folder = folder
        self.nodes: dict[str, NodeProcess] = {}

    async def __aenter__(self) -> LocalCluster:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Managers, then workers and gates; returns when all serve.

        Raises:
            NodeFailed: one of them did not come up.
        """
        await asyncio.gather(*map(self._start_managers, self.shape.datacenters))
        workers = [
            self.start_worker(datacenter, f"{datacenter}-worker-{number}")
            for datacenter in self.shape.datacenters
            for number in range(1, self.shape.workers + 1)
        ]
        await asyncio.gather(*workers, self._start_gates())

    async def stop(self) -> None:
        """Gates first, so that nothing is routed to a stopping datacenter."""
        for role in ("gate", "worker", "manager"):
            nodes = [node for node in self.nodes.values() if node.arguments[0] == role]
            await asyncio.gather(*(node.stop() for node in nodes))

    def addresses(self, role: str, datacenter: str = "") -> list[str]:
        """Addresses of the ready nodes of a role, of one datacenter where it is named."""
        return [
            node.ready.address
            for node in self.nodes.values()
            if node.ready
            and node.running
            and node.ready.role == role
            and node.name.startswith(datacenter)
        ]

    async def start_worker(self, datacenter: str, name: str) -> NodeProcess:
        """Add a worker to a datacenter."""
        arguments = ["--cores", str(self.shape.cores)]
        for address in self.addresses("manager", datacenter):
            arguments += ["--manager", address]
        return await self._start("worker", name, datacenter, arguments, self._seeds(datacenter))

    async def restart(self, name: str) -> NodeProcess:
        """End a node gracefully and start it again on the addresses it had.

        Raises:
            KeyError: there is no such node.
            NodeFailed: it did not come up again.
        """
        node = self.nodes[name]
        await node.stop(graceful=True)
        return await self.revive(name)

    async def revive(self, name: str) -> NodeProcess:
        """Start a node that has ended, with the name and addresses it had.

        Raises:
            KeyError: there is no such node, or it never ran.
            NodeFailed: it did not come up.
        """
        node = self.nodes[name]
        if node.ready is None:
            raise KeyError(name)
        role, *arguments = _without(node.arguments, "--seed", "--bind", "--member-bind")
        arguments += ["--bind", node.ready.address, "--member-bind", node.ready.member_address]
        seeds = [
            other.ready.member_address
            for other in self.nodes.values()
            if other is not node and other.running and other.ready and _shares(other, node)
        ]
        for seed in seeds:
            arguments += ["--seed", seed]
        again = self.nodes[name] = NodeProcess(name, [role, *arguments], node.log)
        await again.start()
        return again

    async def _start_managers(self, datacenter: str) -> None:
        for number in range(1, self.shape.managers + 1):
            name = f"{datacenter}-manager-{number}"
            await self._start("manager", name, datacenter, [], self._seeds(datacenter))

    async def _start_gates(self) -> None:
        ledger = self.shape.ledger or f"sqlite+aiosqlite:///{self.folder / 'ledger.db'}"
        for number in range(1, self.shape.gates + 1):
            where = self.shape.datacenters[(number - 1) % len(self.shape.datacenters)]
            arguments = ["--ledger", ledger]
            for datacenter in self.shape.datacenters:
                for address in self.addresses("manager", datacenter):
                    arguments += ["--manager", f"{datacenter}={address}"]
            seeds = [
                node.ready.member_address
                for node in self.nodes.values()
                if node.ready and node.ready.role == "gate"
            ]
            await self._start("gate", f"gate-{number}", where, arguments, seeds)

    def _seeds(self, datacenter: str) -> list[str]:
        return [
            node.ready.member_address
            for node in self.nodes.values()
            if node.ready and node.ready.role == "manager" and node.name.startswith(datacenter)
        ]

    async def _start(
        self, role: str, name: str, datacenter: str, arguments: list[str], seeds: list[str]
    ) -> NodeProcess:
        common = ["--name", name, "--datacenter", datacenter, "--profile", self.shape.profile]
        common += ["--log-level", self.shape.log_level]
        for seed in seeds:
            common += ["--seed", seed]
        log = self.folder / f"{name}.log"
        node = NodeProcess(name, [role, *common, *arguments], log)
        self.nodes[name] = node
        await node.start()
        return node


def _shares(one: NodeProcess, other: NodeProcess) -> bool:
    """Whether the two are of one membership: gates are of one, each datacenter of another."""
    if "gate" in (one.arguments[0], other.arguments[0]):
        return one.arguments[0] == other.arguments[0]
    return _option(one, "--datacenter") == _option(other, "--datacenter")


def _option(node: NodeProcess, flag: str) -> str:
    return node.arguments[node.arguments.index(flag) + 1]


def _without(arguments: tuple[str, ...], *flags: str) -> list[str]:
    """The arguments without these flags and their values."""
    kept, words = [], iter(arguments)
    for word in words:
        if word in flags:
            next(words)
        else:
            kept.append(word)
    return kept
