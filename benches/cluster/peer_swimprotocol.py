"""swim-protocol as a peer to measure against."""

from __future__ import annotations

import socket
import time
from contextlib import AsyncExitStack
from typing import Any

from swimprotocol.members import Member, Members
from swimprotocol.status import Status
from swimprotocol.udp import UdpTransport
from swimprotocol.udp.config import UdpConfig
from swimprotocol.worker import Worker


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class CountingWorker(Worker):
    made = 0

    async def check(self, target: Member) -> None:
        self.made += 1
        await super().check(target)


class SwimProtocolPeer:
    def __init__(self, name: str) -> None:
        self.address = self.name = f"127.0.0.1:{free_port()}"
        self._died: list[tuple[str, float]] = []
        self._stack = AsyncExitStack()

    async def start(self, seeds: list[str], scale: float) -> None:
        config = UdpConfig(secret="bench", local_name=self.name, peers=seeds)
        self._members = Members(config)
        self._worker = CountingWorker(config, self._members)
        await self._stack.enter_async_context(UdpTransport(config, self._worker))
        await self._stack.enter_async_context(self._worker)
        self._members.listener.on_notify(self._changed)

    def _changed(self, member: Member) -> Any:
        if member.status & Status.OFFLINE and not member.previous.status & Status.OFFLINE:
            self._died.append((member.name, time.monotonic()))

    def living(self) -> int:
        known = self._members.non_local
        return 1 + sum(bool(member.status & Status.ONLINE) for member in known)

    def probes(self) -> int:
        return self._worker.made

    def deaths(self) -> list[tuple[str, float]]:
        died, self._died = self._died, []
        return died

    async def kill(self) -> None:
        await self._stack.aclose()


def make(name: str) -> Any:
    return SwimProtocolPeer(name)
