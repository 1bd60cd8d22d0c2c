"""The ledger: durable submissions and ended jobs in a second, alone and under group commit.

pytest benches/python/test_ledger_bench.py --benchmark-enable --benchmark-only
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from distributed.clock import SystemClock
from distributed.ledger import Event, JobWrite, NewJob, ResultRow, SqlLedger, open_engine

ENGINES = ("memory", "sqlite")
CONCURRENT = 200
EACH = 10


class Running:
    """A ledger with its commit loop on a loop of its own."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        clock = SystemClock()
        self._numbers = itertools.count()

        async def start() -> SqlLedger:
            ledger = SqlLedger(open_engine(url, clock), clock)
            await ledger.start()
            self._serving = asyncio.ensure_future(ledger.serve())
            return ledger

        self.ledger = self.loop.run_until_complete(start())

    def close(self) -> None:
        """Commit and close."""

        async def end() -> None:
            self.ledger.finish()
            await self._serving
            await self.ledger.close()

        self.loop.run_until_complete(end())
        self.loop.close()

    async def submit(self) -> str:
        """One submission as a gate stores it."""
        job_id = f"j-{next(self._numbers):032x}"
        await self.ledger.create(
            NewJob(job_id, job_id, b"d" * 16, "bench", "gate", b"p" * 200, b"first")
        )
        return job_id

    async def whole_job(self) -> None:
        """A submission and the end of an empty job."""
        job_id = await self.submit()
        await self.ledger.record(
            JobWrite(
                job_id,
                "gate",
                1,
                state="completed",
                events=tuple(Event(n, "state", b"e" * 60) for n in range(2, 6)),
                results=(ResultRow("a", "eu", 1, "completed", 6, b"r" * 120),),
                ended=True,
                summary=b"s" * 100,
            )
        )


@pytest.fixture(params=ENGINES)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """A ledger of each kind."""
    url = "memory:" if request.param == "memory" else f"sqlite:{tmp_path / 'ledger.db'}"
    made = Running(url)
    yield made
    made.close()


def test_one_submission_alone(benchmark: BenchmarkFixture, running: Running) -> None:
    """The latency of one durable submission: with SQLite, one disk sync and little else."""
    benchmark(lambda: running.loop.run_until_complete(running.submit()))


def test_submissions_together(benchmark: BenchmarkFixture, running: Running) -> None:
    """Submissions of many clients at once, under group commit; rounds of 2,000."""

    async def lane() -> None:
        for _ in range(EACH):
            await running.submit()

    async def everyone() -> None:
        await asyncio.gather(*(lane() for _ in range(CONCURRENT)))

    benchmark.pedantic(lambda: running.loop.run_until_complete(everyone()), rounds=5)
    _rate(benchmark, CONCURRENT * EACH)


def test_whole_jobs_together(benchmark: BenchmarkFixture, running: Running) -> None:
    """Submission and end of many empty jobs at once; rounds of 2,000."""

    async def lane() -> None:
        for _ in range(EACH):
            await running.whole_job()

    async def everyone() -> None:
        await asyncio.gather(*(lane() for _ in range(CONCURRENT)))

    benchmark.pedantic(lambda: running.loop.run_until_complete(everyone()), rounds=5)
    _rate(benchmark, CONCURRENT * EACH)


def test_one_disk_sync(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """What one sync of the same disk costs, for comparison in the same run."""
    import os

    with (tmp_path / "sync").open("wb", buffering=0) as file:

        def sync() -> None:
            file.write(b"x" * 4096)
            os.fsync(file.fileno())

        benchmark(sync)


def _rate(benchmark: BenchmarkFixture, operations: int) -> None:
    if benchmark.stats is not None:
        benchmark.extra_info["per_second"] = round(operations / benchmark.stats.stats.min)
