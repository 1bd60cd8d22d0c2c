"""Ledgers on every engine: in memory, SQLite in a file, PostgreSQL where it is installed."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from distributed.clock import SystemClock
from distributed.ledger import SqlLedger, open_engine
from tests.unit.ledger.postgres import PostgresServer, missing_postgres


class WallClock(SystemClock):
    """A clock whose wall reading a test moves by hand."""

    def __init__(self) -> None:
        self.wall_now = 1_700_000_000.0

    def wall(self) -> float:
        """Where the test put it."""
        return self.wall_now


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A private server, or a skip that says what is missing."""
    reason = missing_postgres()
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="shoal-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder))
        server.start()
        yield server
        server.stop()


@contextlib.asynccontextmanager
async def serving(ledger: SqlLedger) -> AsyncIterator[SqlLedger]:
    """The ledger started, with its commit loop running."""
    await ledger.start()
    loop = asyncio.create_task(ledger.serve())
    try:
        yield ledger
    finally:
        ledger.finish()
        await asyncio.wait([loop], timeout=5)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        await ledger.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'ledger.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_database()


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[SqlLedger]:
    """A running ledger on each engine."""
    clock = SystemClock()
    async with serving(SqlLedger(open_engine(url, clock), clock)) as running:
        yield running
