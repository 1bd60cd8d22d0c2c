"""SQLite in a file: statements on the loop's own thread, only waiting on another.

Statements of a batch take microseconds each and touch the page cache alone. On a second
thread they contend for the interpreter lock with the event loop: measured beside a busy
thread the median of a batch is about the same, its slowest cases several times slower. So
they run inline, in one hop for a batch, and the thread gets what really waits: the commit
with its disk sync, and the write lock where another process holds it. Readers have a
connection of their own and wait for nobody.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from distributed.clock import Clock

from .mapping import mapped
from .work import T, Work

BUSY_SECONDS = 5.0


class SqliteEngine:
    """One writer and one reader on a file in WAL mode with full synchronisation.

    Args:
        url: as SQLAlchemy takes it.
        clock: its wall reading is the ledger's clock: SQLite has none but this machine's.
    """

    dialect = "sqlite"

    def __init__(self, url: URL, clock: Clock) -> None:
        self.address = url.render_as_string()
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            poolclass=NullPool,
            connect_args={"check_same_thread": False, "timeout": 0.0},
        )
        event.listen(self._engine, "connect", _prepare)
        self.now: ColumnElement[float] = bindparam("ledger_now", callable_=clock.wall)
        self.wall: Callable[[], float] | None = clock.wall
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._turn = asyncio.Lock()
        self._writer: Connection | None = None
        self._reader: Connection | None = None

    async def write(self, work: Work[T]) -> T:
        """Run `work` and commit; durable on return."""
        async with self._turn:
            with mapped():
                if self._writer is None:
                    self._writer = await self._open()
                return await self._transact(self._writer, work)

    async def _open(self) -> Connection:
        """Connect, waiting for whoever else opens or changes the file just now."""
        return await self._wait(self._engine.connect)

    async def _transact(self, connection: Connection, work: Work[T]) -> T:
        raw: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        await self._begin(raw)
        try:
            answer = work(connection)
            await self._wait(raw.commit)
        except BaseException:
            connection.rollback()
            if raw.in_transaction:
                raw.rollback()
            raise
        connection.commit()
        return answer

    async def _begin(self, raw: sqlite3.Connection) -> None:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            await self._wait(lambda: _begin_patiently(raw))

    async def _wait(self, action: Callable[[], T]) -> T:
        """Run what may block on the thread; a cancelled caller still waits for its end."""
        running = asyncio.get_running_loop().run_in_executor(self._thread, action)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one snapshot of what is committed."""
        with mapped():
            if self._reader is None:
                self._reader = await self._open()
            connection = self._reader
            raw: Any = connection.connection.driver_connection
            raw.execute("BEGIN")
            try:
                return work(connection)
            finally:
                connection.rollback()
                if raw.in_transaction:
                    raw.rollback()

    async def close(self) -> None:
        """Close both connections; returns when nothing runs on the thread any more."""
        async with self._turn:
            for connection in (self._writer, self._reader):
                if connection is not None:
                    connection.close()
            self._writer = self._reader = None
            self._engine.dispose()
            self._thread.shutdown(wait=True)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=0")


def _begin_patiently(raw: sqlite3.Connection) -> None:
    raw.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
    try:
        raw.execute("BEGIN IMMEDIATE")
    finally:
        raw.execute("PRAGMA busy_timeout=0")
