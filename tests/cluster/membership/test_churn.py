"""What a cluster lives through: restarts, rotations, floods and long churn."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from distributed.membership import Died, MemberState, Node
from tests.kernel.relay import Address, Inward, Link, serve

from .processes import MemberProcess, all_alive, cluster, kind

ROUNDS = int(os.environ.get("SHOAL_CHURN_ROUNDS", "100"))
LEAK_SECONDS = float(os.environ.get("SHOAL_LEAK_SECONDS", "5"))
WARM_UP_SECONDS = 30.0
FLOOD_SECONDS = float(os.environ.get("SHOAL_FLOOD_SECONDS", "3"))

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280 + 2 * LEAK_SECONDS + FLOOD_SECONDS)]


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def until_alive(node: Node, name: str, instance: int) -> None:
    while True:
        known = node.member(name)
        if known and known.instance == instance and known.state is MemberState.ALIVE:
            return
        await asyncio.sleep(0.002)


async def test_a_hundred_crashes_and_restarts_under_one_name_and_address() -> None:
    async with Node.join(name="watcher", profile="local") as watcher:
        async with Node.join(name="other", profile="local", seeds=[watcher.address]) as other:
            victim = await Node.start(name="victim", profile="local", seeds=[watcher.address])
            instances = [victim.local.instance]
            for _ in range(ROUNDS):
                await victim.stop()
                victim = await Node.start(
                    name="victim", bind=victim.bound, profile="local", seeds=[watcher.address]
                )
                instances.append(victim.local.instance)
                for node in (watcher, other):
                    await until_alive(node, "victim", instances[-1])
            assert instances == sorted(set(instances))
            assert len(watcher.members()) == 3
            await victim.leave()


async def test_keys_rotate_under_load_and_no_event_is_lost() -> None:
    keys = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(4)]
    names = ["a", "b", "c"]
    async with cluster(names, keys=keys[:1], profile="local") as members:
        marks = [member.mark() for member in members]
        sent = 0
        for old, new in pairwise(keys):
            for verb in ("add_key", "use_key", "remove_key"):
                for member in members:
                    await member.ask(verb, old if verb == "remove_key" else new)
                    member.order("broadcast", f"e{sent}")
                    sent += 1
        wanted = {f"e{number}" for number in range(sent)}
        for member, mark in zip(members, marks, strict=True):
            await all_told(member, mark, wanted)
            assert member.since(mark, kind("died", "suspected")) == []


async def all_told(member: MemberProcess, mark: int, wanted: set[str]) -> None:
    while True:
        told = {event["name"] for event in member.since(mark, kind("userevent"))}
        if wanted <= told:
            return
        assert not member.since(mark, kind("ended"))
        await asyncio.sleep(0.05)


async def test_a_flood_of_forged_replayed_and_random_datagrams_kills_nobody() -> None:
    """GM 29.2c: what does not fit the buffers is dropped and counted."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    async with (
        cluster(["a", "b", "c"], keys=[key], profile="local") as members,
        recorded(key, seed=members[0].address) as (node, heard),
    ):
        names = ["a", "b", "c", node.name]
        for member in members:
            await all_alive(member, names)
        marks = [member.mark() for member in members]
        before = [resident_of(member.pid) for member in members]
        addresses = [node.bound, *(member.address for member in members)]
        await asyncio.to_thread(flood, addresses, heard, FLOOD_SECONDS)
        assert node.stats()["dropped_replayed"] > 0
        for member, mark, bytes_before in zip(members, marks, before, strict=True):
            await all_alive(member, names)
            assert member.since(mark, kind("died")) == []
            # The receive buffers are reserved at the start; nothing a stranger sends adds more.
            assert resident_of(member.pid) - bytes_before < 16 << 20
            stats = (await member.ask("stats"))["stats"]
            assert stats["dropped_misdirected"] > 0
            assert stats["dropped_version"] + stats["dropped_label"] > 0


class Recorder(Inward):
    """A relay that keeps what it carries."""

    def __init__(self, target: Address) -> None:
        super().__init__(target, Link(0.0, 0.0, 0.0))
        self.heard: list[bytes] = []

    def datagram_received(self, data: bytes, source: Address) -> None:
        self.heard.append(data)
        super().datagram_received(data, source)


@asynccontextmanager
async def recorded(key: str, *, seed: str) -> AsyncIterator[tuple[Node, list[bytes]]]:
    """A member, and sealed datagrams that the others sent to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        target: Address = held.getsockname()
    recorder = Recorder(target)
    server = await serve(("127.0.0.1", 0), recorder)
    try:
        async with Node.join(
            name="recorded",
            bind=f"127.0.0.1:{target[1]}",
            advertise=f"127.0.0.1:{server.sockets[0].getsockname()[1]}",
            keys=[key],
            profile="local",
            seeds=[seed],
        ) as node:
            while len(recorder.heard) < 50:
                await asyncio.sleep(0.05)
            yield node, recorder.heard[:50]
    finally:
        server.close()
        await recorder.close()


def resident_of(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def flood(addresses: list[str], heard: list[bytes], seconds: float) -> None:
    """At line rate: what was heard before, headers like ours with random bodies, random bytes."""
    chance = random.Random(7)
    targets = [(host, int(port)) for host, port in (a.split(":") for a in addresses)]
    forged = [bytes([1, chance.randrange(4)]) + chance.randbytes(60) for _ in range(200)]
    noise = [chance.randbytes(chance.randrange(1, 1_400)) for _ in range(200)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(int(seconds * 100)):
            for datagram in heard + forged + noise:
                sender.sendto(datagram, chance.choice(targets))


async def test_long_churn_leaves_memory_and_descriptors_flat() -> None:
    """MW 37.3b-d, 36.5d, 37.2c, GM 29.2b, 29.2d: descriptors and memory are flat."""
    forgetful = {"memory.retention_seconds": 5.0}
    first = await Node.start(name="stays-0", profile="local", overrides=forgetful)
    staying = [first] + [
        await Node.start(
            name=f"stays-{i}", profile="local", overrides=forgetful, seeds=[first.address]
        )
        for i in range(1, 5)
    ]
    events = first.events()
    churning = Churning(first)
    await churning.go_on(min(WARM_UP_SECONDS, LEAK_SECONDS))
    memory, open_before = resident_bytes(), descriptors()
    await churning.go_on(LEAK_SECONDS)
    assert descriptors() <= open_before + 2
    assert resident_bytes() - memory < 8 << 20
    del events
    for member in staying:
        await member.stop()


class Churning:
    """Members that join and leave; now and then one is killed, the next when it is missed."""

    def __init__(self, seed: Node) -> None:
        self._seed = seed
        self._rounds = 0
        self._killed = ""

    async def go_on(self, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            self._rounds += 1
            await (await self._joined("left")).leave()
            killed = self._seed.member(self._killed)
            if killed is None or killed.state is MemberState.DEAD:
                member = await self._joined("killed")
                self._killed = member.name
                await member.stop()

    async def _joined(self, kind: str) -> Node:
        name = f"{kind}-{self._rounds}"
        return await Node.start(name=name, profile="local", seeds=[self._seed.address])


async def test_two_hundred_members_in_one_process_hold_one_view_and_notice_a_death() -> None:
    first = await Node.start(name="m0", profile="local")
    seeds = [first.address]
    names = [f"m{number}" for number in range(1, 200)]
    nodes = [first] + [await Node.start(name=name, profile="local", seeds=seeds) for name in names]
    while any(sum(m.is_alive for m in node.members()) != 200 for node in nodes):
        await asyncio.sleep(0.1)
    readers = [node.events() for node in nodes if node.name != "m7"]
    await nodes[7].stop()
    for events in readers:
        async for event in events:
            if isinstance(event, Died):
                assert event.member.name == "m7"
                break
    await asyncio.gather(*(node.stop() for node in nodes))
