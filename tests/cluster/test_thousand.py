"""A thousand small workflows, four workers, and one of them killed in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from distributed.errors import PeerRefused
from distributed.messages.dispatch import StartJob
from distributed.messages.job import Job
from distributed.types import Address

from .jobplane.plane import StandInGate, workflow

pytestmark = pytest.mark.cluster
COUNT = 1000


class Processes:
    """Nodes as operating-system processes, all gone in the end."""

    def __init__(self) -> None:
        self._running: list[asyncio.subprocess.Process] = []

    async def start(self, *arguments: str) -> tuple[asyncio.subprocess.Process, str]:
        """A node and the address it listens at."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.cluster.jobplane.process_main",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )
        self._running.append(process)
        assert process.stdout is not None
        return process, (await process.stdout.readline()).decode().strip()

    async def stop(self) -> None:
        """Kill what is left."""
        for process in self._running:
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    """Nodes for one test."""
    made = Processes()
    yield made
    await made.stop()


@pytest.fixture
async def gate() -> AsyncIterator[StandInGate]:
    """Keeps every result it is given, repeats too."""
    made = StandInGate()
    await made.start()
    yield made
    await made.stop()


async def started(gate: StandInGate, manager: Address, message: StartJob) -> None:
    """Start the job once the manager has a worker that can run it."""
    while True:
        try:
            await gate.pool.request(manager, message, timeout=5.0)
        except PeerRefused as refusal:
            if refusal.code != "busy":
                raise
            await asyncio.sleep(0.05)
        else:
            return


async def test_a_thousand_results_none_lost_none_twice(
    processes: Processes, gate: StandInGate
) -> None:
    """Invariants 3 and 4; MW 6.1, 30.1c."""
    _, manager = await processes.start("manager", "m0")
    workers = [await processes.start("worker", f"w{n}", manager, "2") for n in range(4)]
    workflows = tuple(
        workflow("delayed", f"n{n}", args={"value": n, "seconds": 0.004}) for n in range(COUNT)
    )
    message = StartJob(
        job_id="thousand",
        epoch=1,
        manager_epoch=1,
        gate="gate",
        gate_address=str(gate.listener.address),
        job=Job(name="thousand", workflows=workflows),
    )
    await started(gate, Address(manager), message)
    await gate.until(lambda: len(gate.recorded.get("thousand", ())) >= COUNT // 5)
    assert workers[0][0].pid is not None
    os.kill(workers[0][0].pid, signal.SIGKILL)
    assert len(gate.recorded["thousand"]) < COUNT
    children = await children_of(workers[1][0].pid)
    await gate.until(lambda: "thousand" in gate.finished)
    assert gate.finished["thousand"].state == "completed"
    results = gate.recorded["thousand"]
    assert Counter(result.workflow for result in results) == {f"n{n}": 1 for n in range(COUNT)}
    assert {result.workflow: msgspec.msgpack.decode(result.value) for result in results} == {
        f"n{n}": n for n in range(COUNT)
    }
    assert any(result.attempt > 1 for result in results)
    os.kill(workers[1][0].pid, signal.SIGKILL)
    while any(alive(child) for child in children):
        await asyncio.sleep(0.01)


async def children_of(pid: int) -> list[int]:
    """Processes that a worker started."""
    text = await asyncio.to_thread(Path(f"/proc/{pid}/task/{pid}/children").read_text)
    return [int(child) for child in text.split()]


def alive(pid: int) -> bool:
    """Whether a process runs, a zombie not counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
