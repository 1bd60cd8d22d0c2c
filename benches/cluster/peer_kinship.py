"""kinship as a peer to measure against."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import kinship

kinship.log_to_python()


class KinshipPeer:
    def __init__(self, name: str) -> None:
        self.name = name
        self._died: list[tuple[str, float]] = []

    async def start(self, seeds: list[str], scale: float) -> None:
        plain = kinship.Config.lan(bind="127.0.0.1:0", name=self.name, insecure_plaintext=True)
        config = plain.replace(
            seeds=seeds,
            probe_interval=plain.probe_interval / scale,
            probe_timeout=plain.probe_timeout / scale,
            gossip_interval=plain.gossip_interval / scale,
            push_pull_interval=max(1.0, plain.push_pull_interval / scale),
        )
        self._cluster = kinship.Cluster(config)
        await self._cluster.start()
        self.address = self._cluster.local.addr
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self._cluster.events():
            if isinstance(event, kinship.MemberDead):
                self._died.append((event.member.name, time.monotonic()))

    def living(self) -> int:
        return len(self._cluster.members())

    def probes(self) -> int:
        return int(self._cluster.stats().probes_sent)

    def deaths(self) -> list[tuple[str, float]]:
        died, self._died = self._died, []
        return died

    async def kill(self) -> None:
        self._task.cancel()
        await self._cluster.close()


def make(name: str) -> Any:
    return KinshipPeer(name)
