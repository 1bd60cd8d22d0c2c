"""A whole cluster of one implementation in this process: boot, quiet, kills, freeze.

Run by `membership.py` with the interpreter that has the implementation; prints one JSON object
a line, the same as the memberlist driver.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import importlib
import json
import os
import resource
import signal
import statistics
import time
from pathlib import Path
from typing import Any, Protocol


class Peer(Protocol):
    """One member of the implementation under test."""

    name: str
    address: str

    async def start(self, seeds: list[str], scale: float) -> None: ...
    def living(self) -> int: ...
    def probes(self) -> int: ...
    def deaths(self) -> list[tuple[str, float]]:
        """Who died in this member's eyes, and when (`time.monotonic`); empties the list."""
        ...

    async def kill(self) -> None: ...


def tell(kind: str, **values: Any) -> None:
    print(json.dumps({"kind": kind, **values}), flush=True)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Cluster:
    def __init__(self, factory: Any, scale: float) -> None:
        self._factory = factory
        self._scale = scale
        self.members: list[Peer] = []
        self.killed: dict[str, float] = {}
        self.told: dict[str, dict[str, float]] = {}
        self.false_deaths = 0
        self.false_of: dict[str, int] = {}
        self.empty_bytes = resident_bytes()

    async def boot(self, count: int, limit: float, seed: str = "", prefix: str = "m") -> bool:
        started = time.monotonic()
        for number in range(count):
            member: Peer = self._factory(f"{prefix}{number}")
            await member.start([seed] if seed else [], self._scale)
            seed = seed or member.address
            self.members.append(member)
        converged = await self.until(lambda: self.one_view(count), limit)
        seconds = time.monotonic() - started
        tell("booted", converged=converged, seconds=seconds, address=self.members[0].address)
        return converged

    def one_view(self, count: int) -> bool:
        return all(member.living() == count for member in self.members)

    async def until(self, holds: Any, limit: float, pause: float = 0.02) -> bool:
        deadline = time.monotonic() + limit
        while not holds():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(pause)
        return True

    def listen(self) -> None:
        for member in self.members:
            for subject, when in member.deaths():
                if subject in self.killed:
                    self.told.setdefault(subject, {}).setdefault(member.name, when)
                else:
                    self.false_deaths += 1
                    self.false_of[subject] = self.false_of.get(subject, 0) + 1

    async def quiet(self, seconds: float) -> None:
        await asyncio.sleep(5.0)
        cpu, probes = cpu_seconds(), sum(member.probes() for member in self.members)
        await asyncio.sleep(seconds)
        used = (cpu_seconds() - cpu) * 1e6
        made = sum(member.probes() for member in self.members) - probes
        self.listen()
        count = len(self.members)
        tell(
            "quiet",
            members=count,
            probes=made,
            cpu_us_per_probe=used / max(1, made),
            cpu_us_per_member_second=used / count / seconds,
            rss_bytes_per_member=resident_bytes() // count,
            rss_growth_per_member=(resident_bytes() - self.empty_bytes) // count,
            false_deaths=self.false_deaths,
        )

    async def kill(self, limit: float) -> None:
        victim = self.members.pop(1)
        self.killed[victim.name] = started = time.monotonic()
        await victim.kill()
        survivors = len(self.members)

        def everybody_knows() -> bool:
            self.listen()
            return len(self.told.get(victim.name, {})) == survivors

        await self.until(everybody_knows, limit, 0.005)
        took = sorted(when - started for when in self.told.get(victim.name, {}).values())
        result: dict[str, Any] = {"survivors": survivors, "told": len(took)}
        if took:
            result |= {"first": took[0], "median": statistics.median(took), "last": took[-1]}
        tell("kill", **result)


def hold_the_gil(*_: object) -> None:
    """A C call that never lets go of the interpreter."""
    ctypes.PyDLL(None).usleep(10_000_000)


async def main() -> None:
    signal.signal(signal.SIGUSR1, hold_the_gil)
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("-n", type=int, default=50)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--seed", default="", help="join this cluster instead of starting one")
    parser.add_argument("--prefix", default="m", help="of the members' names")
    parser.add_argument("--watch", type=float, default=0.0, help="only count false deaths so long")
    arguments = parser.parse_args()
    cluster = Cluster(importlib.import_module(f"peer_{arguments.peer}").make, arguments.scale)
    limit = 0.0 if arguments.watch else arguments.limit
    converged = await cluster.boot(arguments.n, limit, arguments.seed, arguments.prefix)
    if arguments.watch:
        await asyncio.sleep(arguments.watch)
        cluster.listen()
        living = [member.living() for member in cluster.members]
        used = cpu_seconds() / arguments.watch / arguments.n
        fewest, most = min(living), max(living)
        tell("watched", deaths=cluster.false_of, fewest=fewest, most=most, cpu_share=used)
    elif converged:
        await cluster.quiet(arguments.seconds)
        for _ in range(arguments.kills):
            await cluster.kill(arguments.limit)
    cluster.listen()
    tell("end", false_deaths=cluster.false_deaths)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
