"""Membership across hosts that lose, delay and part from each other, on a real kernel."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import chain

import pytest

from tests.cluster.membership.processes import MemberProcess, kind

from .hosts import Hosts, hosts

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(280)]

MEMBERS_A_HOST = int(os.environ.get("SHOAL_KERNEL_MEMBERS", "2"))
PARTED_SECONDS = float(os.environ.get("SHOAL_KERNEL_PARTED", "30"))
KEY = base64.b64encode(bytes(range(32))).decode()
PORT, RELAY_PORT = 7946, 9946


@asynccontextmanager
async def spread(on: Hosts, profile: str, behind_relays: bool = False) -> AsyncIterator[Cluster]:
    cluster = Cluster(on, profile, behind_relays)
    try:
        await cluster.start()
        yield cluster
    finally:
        await cluster.end()


class Cluster:
    """Members on several hosts, encrypted, in processes of their own."""

    def __init__(self, on: Hosts, profile: str, behind_relays: bool) -> None:
        self.on, self._profile, self._behind_relays = on, profile, behind_relays
        self.members: dict[str, MemberProcess] = {}
        self.host_of: dict[str, int] = {}
        self._relays: list[asyncio.subprocess.Process] = []

    async def start(self) -> None:
        places = [(host, n) for n in range(MEMBERS_A_HOST) for host in range(len(self.on.names))]
        seeds = [await self._place(*places[0], [])]
        await asyncio.gather(*(self._place(*place, seeds) for place in places[1:]))
        await self.one_view()

    async def _place(self, host: int, number: int, seeds: list[str]) -> str:
        address, name = self.on.addresses[host], f"h{host}-{number}"
        bind, advertise = f"{address}:{PORT + number}", f"{address}:{RELAY_PORT + number}"
        more = {}
        if self._behind_relays:
            await self._relay(host, advertise, bind)
            more["advertise"] = advertise
        self.host_of[name] = host
        self.members[name] = await MemberProcess.start(
            before=self.on.enter(host),
            name=name,
            bind=bind,
            seeds=seeds,
            keys=[KEY],
            profile=self._profile,
            join_retry_seconds=60,
            **more,
        )
        return self.members[name].address

    async def _relay(self, host: int, listen: str, target: str) -> None:
        relay = await asyncio.create_subprocess_exec(
            *self.on.enter(host), sys.executable, "-m", "tests.kernel.relay",
            listen, target, "0.1", "0.05", "0.05", stdout=subprocess.PIPE,
        )  # fmt: skip
        assert relay.stdout
        await relay.stdout.readline()
        self._relays.append(relay)

    async def one_view(self) -> None:
        """Wait until every member sees every member alive."""
        wanted = dict.fromkeys(self.members, "alive")
        for member in self.members.values():
            while await member.states() != wanted:
                await asyncio.sleep(0.25)

    def deaths(self) -> int:
        """How often anybody was declared dead by anybody."""
        told = chain.from_iterable(m.since(0, kind("died")) for m in self.members.values())
        return sum(1 for _ in told)

    async def end(self) -> None:
        await asyncio.gather(*(member.end() for member in self.members.values()))
        for relay in self._relays:
            relay.kill()
            await relay.wait()


def on_hosts(names: list[str], cluster: Cluster, among: set[int]) -> set[str]:
    return {name for name in names if cluster.host_of[name] in among}


@pytest.mark.parametrize("percent", [5, 20])
async def test_loss_keeps_one_view(
    percent: int, record_property: Callable[[str, object], None]
) -> None:
    with hosts(10) as on:
        async with spread(on, "lan") as cluster:
            on.lose(percent)
            await asyncio.sleep(20.0)
            deaths = cluster.deaths()
            on.heal()
            await cluster.one_view()
            record_property("false deaths", deaths)
            assert deaths == 0 or percent > 5


async def test_delay_doubling_and_reordering_keep_one_view() -> None:
    with hosts(5) as on:
        async with spread(on, "lan", behind_relays=True) as cluster:
            await asyncio.sleep(15.0)
            await cluster.one_view()
            assert cluster.deaths() == 0


async def test_a_one_way_partition_kills_nobody() -> None:
    with hosts(6) as on:
        async with spread(on, "lan") as cluster:
            on.deafen(0, to=[1])
            await asyncio.sleep(20.0)
            assert cluster.deaths() == 0
            on.heal()
            await cluster.one_view()


async def test_a_full_partition_heals_to_one_view() -> None:
    with hosts(6) as on:
        async with spread(on, "local") as cluster:
            left, right = [0, 1, 2], [3, 4, 5]
            for host in left:
                on.deafen(host, to=right)
            for host in right:
                on.deafen(host, to=left)
            names = list(cluster.members)
            for name, member in cluster.members.items():
                mine = set(left if cluster.host_of[name] in left else right)
                alive = on_hosts(names, cluster, mine)
                while {n for n, s in (await member.states()).items() if s == "alive"} != alive:
                    await asyncio.sleep(0.25)
            await asyncio.sleep(PARTED_SECONDS)
            on.heal()
            await cluster.one_view()
