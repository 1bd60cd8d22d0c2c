"""Our own members, by the embedding API."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from distributed import _native
from distributed.membership import Died, Node

SCALED = (
    "probe.interval_seconds",
    "probe.timeout_seconds",
    "gossip.interval_seconds",
    "sync.min_interval_seconds",
    "sync.max_interval_seconds",
)
PROFILE = os.environ.get("SHOAL_BENCH_PROFILE", "lan")


class ShoalPeer:
    def __init__(self, name: str) -> None:
        self.name = name
        self._died: list[tuple[str, float]] = []

    async def start(self, seeds: list[str], scale: float) -> None:
        defaults = _native.membership_profile(PROFILE)
        overrides = {name: defaults[name] / scale for name in SCALED} if scale != 1.0 else {}
        self._node = await Node.start(
            name=self.name, seeds=seeds, profile=PROFILE, overrides=overrides
        )
        self.address = self._node.address
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self._node.events():
            if isinstance(event, Died):
                self._died.append((event.member.name, time.monotonic()))

    def living(self) -> int:
        return self._node.stats()["members"]

    def probes(self) -> int:
        return self._node.stats()["probes_answered"]

    def deaths(self) -> list[tuple[str, float]]:
        died, self._died = self._died, []
        return died

    async def kill(self) -> None:
        await self._node.stop()


def make(name: str) -> Any:
    return ShoalPeer(name)
