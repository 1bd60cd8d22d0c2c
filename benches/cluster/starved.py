"""Members whose processes are starved of the processor, stopped, or hogged in Python."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import peers

PROCESSES, MEMBERS = 6, 6
"""Processes of a cluster and members in each; the last processes are mistreated."""
STOPPED = 2
PATTERNS = ((0.5, 0.1), (2.0, 0.25), (4.0, 1.0))
"""Seconds stopped, seconds running (Lifeguard's C, D and I, section V)."""
BUSY_LOOPS = 8


def compare(seconds: float) -> None:
    """Deaths of members that were never killed, at healthy and at mistreated processes."""
    total = PROCESSES * MEMBERS
    print(f"\n## starved: {total} members in {PROCESSES} processes, {seconds:g} s each")
    for peer in ("shoal", "memberlist", "kinship"):
        result = asyncio.run(_busy_loops(peer, seconds))
        print(
            f"{peer:11s} {BUSY_LOOPS} busy loops               false deaths {sum(result.values())}"
        )
    for stopped, running in PATTERNS:
        for peer in ("shoal", "memberlist", "kinship"):
            deaths = asyncio.run(_stopped(peer, seconds, stopped, running))
            slow = sum(n for name, n in deaths.items() if _is_slow(name))
            print(
                f"{peer:11s} {STOPPED} processes stopped {stopped:g} s, running {running:g} s"
                f"  deaths of healthy {sum(deaths.values()) - slow}  of stopped {slow}"
            )
    for peer in ("shoal", "kinship"):
        result = asyncio.run(_hogged(peer, seconds))
        print(f"{peer:11s} one process holds its GIL for 10 s  false deaths {sum(result.values())}")


def _is_slow(name: str) -> bool:
    return int(name[1]) >= PROCESSES - STOPPED


def _command(peer: str, number: int, seed: str, seconds: float) -> list[str]:
    options = {"n": MEMBERS, "watch": seconds, "prefix": f"p{number}-", "seed": seed}
    if peer == "memberlist":
        return [str(peers.memberlist()), *(f"-{key}={value}" for key, value in options.items())]
    script = str(Path(__file__).with_name("one_cluster.py"))
    rest = [f"--{key}={value}" for key, value in options.items() if key != "n"]
    python = str(peers.python_of(peer))
    return [python, "-W", "ignore", script, peer, "-n", str(MEMBERS), *rest]


class Running:
    """The processes of one cluster."""

    def __init__(self) -> None:
        self.processes: list[asyncio.subprocess.Process] = []

    async def start(self, peer: str, seconds: float) -> None:
        seed = ""
        for number in range(PROCESSES):
            process = await asyncio.create_subprocess_exec(
                *_command(peer, number, seed, seconds),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).parent,
            )
            self.processes.append(process)
            assert process.stdout
            booted = json.loads(await process.stdout.readline())
            seed = seed or booted["address"]

    async def deaths(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for process in self.processes:
            out, _ = await process.communicate()
            for line in out.splitlines():
                told = json.loads(line)
                if told["kind"] == "watched":
                    total.update(told["deaths"] or {})
        return total


async def _busy_loops(peer: str, seconds: float) -> Counter[str]:
    spin = [sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(spin) for _ in range(BUSY_LOOPS)]
    try:
        running = Running()
        await running.start(peer, seconds)
        return await running.deaths()
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


async def _stopped(peer: str, seconds: float, stopped: float, going: float) -> Counter[str]:
    running = Running()
    await running.start(peer, seconds)
    await asyncio.sleep(3.0)
    victims = running.processes[-STOPPED:]
    for _ in range(max(1, int((seconds - 8.0) / (stopped + going)))):
        for victim in victims:
            victim.send_signal(signal.SIGSTOP)
        await asyncio.sleep(stopped)
        for victim in victims:
            victim.send_signal(signal.SIGCONT)
        await asyncio.sleep(going)
    return await running.deaths()


async def _hogged(peer: str, seconds: float) -> Counter[str]:
    running = Running()
    await running.start(peer, seconds)
    await asyncio.sleep(3.0)
    running.processes[-1].send_signal(signal.SIGUSR1)
    return await running.deaths()
