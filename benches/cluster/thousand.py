"""A thousand members in several processes: joining, steady state, one killed, all notice.

    python benches/cluster/thousand.py [-n 1000] [--processes 5] [--seconds 30]

Needs about a minute of two quiet cores; prints one line for each phase.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

Told = dict[str, Any]
FIGURES = ("cpu", "datagrams_out", "bytes_out", "probes_answered")


class Process:
    """One process of the cluster."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, number: int, count: int, seed: str) -> Process:
        script = Path(__file__).with_name("many_members.py")
        options = ["-n", str(count), "--prefix", f"p{number}-", "--seed", seed]
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-W", "ignore", str(script), *options),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )

    async def told(self) -> Told:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the cluster ended early")
        answer: Told = json.loads(line)
        return answer

    async def ask(self, verb: str, value: Any = None) -> Told:
        assert self._process.stdin
        self._process.stdin.write(json.dumps([verb, value]).encode() + b"\n")
        return await self.told()

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


class Cluster:
    """All processes."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.processes: list[Process] = []

    async def start(self, processes: int) -> None:
        each = self.count // processes
        seed = ""
        for number in range(processes):
            process = await Process.start(number, each, seed)
            self.processes.append(process)
            seed = seed or (await process.told())["address"]
        await asyncio.gather(*(process.told() for process in self.processes[1:]))

    async def ask(self, verb: str, value: Any = None) -> list[Told]:
        return await asyncio.gather(*(process.ask(verb, value) for process in self.processes))

    async def until_one_view(self) -> None:
        while any(v["fewest"] != self.count for v in await self.ask("view")):
            await asyncio.sleep(0.5)

    async def figures(self) -> dict[str, float]:
        told = await self.ask("figures")
        return {name: sum(each[name] for each in told) for name in (*FIGURES, "resident")}

    async def kill_one(self) -> tuple[float, int]:
        """Seconds until everybody knows of a death, and deaths told of others.

        By the members' views: a reader that is behind may be told of a death by `EventsLost`.
        """
        each = self.count // len(self.processes)
        victim = f"p{len(self.processes) - 1}-{each - 1}"
        when = (await self.processes[-1].ask("kill"))["when"]
        views = await self.ask("view")
        while max(view["most"] for view in views) >= self.count:
            await asyncio.sleep(0.1)
            views = await self.ask("view")
        others = sum(each["others"] for each in await self.ask("deaths", victim))
        return max(view["when"] for view in views) - when, others


async def measure(count: int, processes: int, seconds: float) -> None:
    count -= count % processes
    cluster = Cluster(count)
    started = time.monotonic()
    try:
        await cluster.start(processes)
        joined = time.monotonic() - started
        await cluster.until_one_view()
        print(f"{count} members in {processes} processes joined after {joined:.1f} s,", end=" ")
        print(f"one view after {time.monotonic() - started:.1f} s", flush=True)
        await asyncio.sleep(20.0)
        before, since = await cluster.figures(), time.monotonic()
        await asyncio.sleep(seconds)
        after, passed = await cluster.figures(), time.monotonic() - since
        rate = {name: (after[name] - before[name]) / passed / count for name in FIGURES}
        print(
            f"steady: {rate['cpu'] * 1e6:.0f} us of processor time a member and second, "
            f"{rate['datagrams_out']:.2f} datagrams, {rate['bytes_out']:.0f} bytes, "
            f"{rate['probes_answered']:.2f} probes answered; "
            f"{after['resident'] / count / 1024:.0f} KiB resident a member",
            flush=True,
        )
        last, others = await cluster.kill_one()
        print(f"one killed: all {count - 1} know after {last:.1f} s; other deaths told {others}")
    finally:
        await asyncio.gather(*(process.end() for process in cluster.processes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=1_000)
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.n, arguments.processes, arguments.seconds))


if __name__ == "__main__":
    main()
