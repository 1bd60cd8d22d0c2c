"""SIGKILL of a gate at every await between receiving a submission and acknowledging it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from distributed.client import Client, ClientSettings
from distributed.clock import SystemClock
from distributed.ledger import open_engine
from distributed.ledger.sql import SqlLedger
from tests.ports import free_port
from tests.unit.gate.world import ScriptedManager, job

pytestmark = pytest.mark.cluster

POINTS = (
    "submission.received",
    "submission.committing",
    "submission.durable",
    "submission.acknowledging",
)
JOBS = 6


class Victim:
    """One life of the gate process after another, on one port and one database."""

    def __init__(self, database: str, manager: str) -> None:
        self._database = database
        self._manager = manager
        self.port = free_port()
        self.process: asyncio.subprocess.Process | None = None

    async def live(self, point: str) -> None:
        """Start a life that ends at `point`."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.cluster.gate.victim",
            self._database,
            str(self.port),
            self._manager,
            point,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert await self.process.stdout.readline() == b"serving\n"

    async def wait_for_death(self) -> int:
        """The exit status once it is dead."""
        assert self.process is not None
        return await self.process.wait()

    async def end(self) -> None:
        """Kill what lives."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@pytest.mark.parametrize("point", POINTS)
async def test_no_acknowledged_job_is_lost(tmp_path: Path, point: str) -> None:
    """Issue of durability: accepted means durable, wherever the gate dies (GM 41.10a, MW 47.2)."""
    database = f"sqlite:{tmp_path / 'ledger.db'}"
    manager = await ScriptedManager().start()
    victim = Victim(database, manager.address)
    await victim.live(f"{point}:3")
    client = Client(
        f"127.0.0.1:{victim.port}",
        settings=ClientSettings(check_imports=False, patience_seconds=50.0),
    )
    try:
        submitting = [asyncio.create_task(client.submit(job("a"))) for _ in range(JOBS)]
        assert await victim.wait_for_death() == -9
        await victim.live("none")
        handles = await asyncio.gather(*submitting)
        outcomes = await asyncio.gather(*(handle.result() for handle in handles))
        assert [outcome["a"] for outcome in outcomes] == ["a!"] * JOBS
        assert len({handle.id for handle in handles}) == JOBS
    finally:
        await client.close()
        await victim.end()
        await manager.stop()
    await check_ledger(database, {handle.id for handle in handles})


async def check_ledger(database: str, ids: set[str]) -> None:
    """Exactly the acknowledged jobs are there, each ended, each result recorded once."""
    clock = SystemClock()
    ledger = SqlLedger(open_engine(database, clock), clock)
    rows = await ledger.list_jobs(limit=1000)
    assert {row.job_id for row in rows} == ids
    assert {row.state for row in rows} == {"completed"}
    for job_id in ids:
        assert len(await ledger.results(job_id)) == 1
        story = [*await ledger.events(job_id), *await ledger.results(job_id)]
        sequences = sorted(step.sequence for step in story)
        assert sequences == list(range(1, len(sequences) + 1))
    await ledger.close()
