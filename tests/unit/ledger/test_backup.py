"""A backup that is made while gates write holds every job that was accepted before it began."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
from pathlib import Path

from distributed.clock import SystemClock
from distributed.ledger import SqlLedger, open_engine
from tests.unit.ledger.conftest import serving
from tests.unit.ledger.postgres import PostgresServer
from tests.unit.ledger.test_contract import new_job, result, write

BEFORE = 50


def opened(url: str) -> SqlLedger:
    return SqlLedger(open_engine(url, SystemClock()), SystemClock())


async def fill(ledger: SqlLedger) -> None:
    for number in range(BEFORE):
        await ledger.create(new_job(number))
    await ledger.record(write(7, results=(result("a", 2, body=b"kept"),)))


async def keep_writing(ledger: SqlLedger) -> None:
    for number in range(BEFORE, 100_000):
        await ledger.create(new_job(number))


@contextlib.asynccontextmanager
async def busy(url: str):  # type: ignore[no-untyped-def]
    """A ledger with jobs, on which more are written all the while."""
    async with serving(opened(url)) as ledger:
        await fill(ledger)
        writing = asyncio.create_task(keep_writing(ledger))
        try:
            yield
            assert not writing.done()
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)


async def check(url: str) -> None:
    """A gate that starts on it finds everything."""
    async with serving(opened(url)) as restored:
        for number in range(BEFORE):
            assert await restored.head(f"job-{number}") is not None
        assert [row.body for row in await restored.results("job-7")] == [b"kept"]
        assert (await restored.create(new_job(3, job_id="other"))).duplicate


async def test_sqlites_backup_is_whole(tmp_path: Path) -> None:
    live, copy = tmp_path / "shoal.db", tmp_path / "backup.db"

    def back_up() -> None:
        """What `sqlite3 shoal.db ".backup backup.db"` does."""
        with (
            contextlib.closing(sqlite3.connect(live)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)

    async with busy(f"sqlite:{live}"):
        await asyncio.to_thread(back_up)
    await check(f"sqlite:{copy}")


async def test_postgresqls_dump_is_whole(postgres: PostgresServer) -> None:
    """What `pg_dump` and `psql` do."""
    source, target = postgres.fresh_database(), postgres.fresh_database()

    def back_up() -> None:
        dump = subprocess.run(["pg_dump", source], capture_output=True, check=True)
        load = ["psql", "-q", "-v", "ON_ERROR_STOP=1", target]
        subprocess.run(load, input=dump.stdout, capture_output=True, check=True)

    async with busy(source):
        await asyncio.to_thread(back_up)
    await check(target)
