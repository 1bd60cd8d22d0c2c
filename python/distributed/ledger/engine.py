"""How a block of SQL gets to a database: through an async driver, or inline.

Every statement of the ledger is written once, as a plain function of a SQLAlchemy
`Connection`. An `Engine` runs such a function in one transaction: over aiosqlite or asyncpg
with real I/O, or inline on an in-memory SQLite where no thread may exist (virtual time) and
no byte needs to reach a disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    literal,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from distributed.clock import Clock
from distributed.errors import ConfigError, LedgerError, LedgerUnavailable, map_exceptions

T = TypeVar("T")
Work = Callable[[Connection], T]

SQLITE_BUSY_SECONDS = 5.0
_READ_ONLY = "shoal_read_only"


class Engine(Protocol):
    """Runs blocks of SQL; each `write` block is one transaction, durable on return."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    @property
    def now(self) -> ColumnElement[float]:
        """The database's clock as an expression, in seconds."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` and commit.

        Raises:
            LedgerUnavailable: the database did not answer; the commit may have happened.
        """
        ...

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which changes nothing.

        Raises:
            LedgerUnavailable: the database did not answer.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class InlineEngine:
    """SQLite in memory, run on the caller's stack: no thread, no disk, no waiting.

    Args:
        clock: its wall reading is the ledger's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        event.listen(self._engine, "connect", _prepare_sqlite_memory)
        event.listen(self._engine, "begin", _begin_sqlite)
        self.dialect = "sqlite"
        self.now: ColumnElement[float] = bindparam("ledger_now", callable_=clock.wall)

    async def write(self, work: Work[T]) -> T:
        """Run `work` and commit."""
        with map_exceptions(_ERRORS), self._engine.begin() as connection:
            return work(connection)

    async def read(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own."""
        return await self.write(work)

    async def close(self) -> None:
        """Drop the database."""
        self._engine.dispose()


class AsyncEngine:
    """A database behind an async driver: aiosqlite or asyncpg.

    Args:
        url: as SQLAlchemy takes it.
        timeout_seconds: for one block, connecting included.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        parsed = make_url(url)
        self.dialect = parsed.get_backend_name()
        self._timeout = timeout_seconds
        if self.dialect == "sqlite":
            self._engine = create_async_engine(parsed, pool_size=4)
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite_file)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)
            self.now: ColumnElement[float] = (func.julianday("now") - literal(2440587.5)) * literal(
                86400.0
            )
        else:
            self._engine = create_async_engine(
                parsed,
                pool_size=4,
                pool_pre_ping=True,
                connect_args={"target_session_attrs": "read-write", "timeout": timeout_seconds},
            )
            self.now = cast(func.extract("epoch", func.clock_timestamp()), Double)
        self._reader = self._engine.execution_options(**{_READ_ONLY: True})

    async def write(self, work: Work[T]) -> T:
        """Run `work` and commit."""
        with map_exceptions(_ERRORS):
            async with asyncio.timeout(self._timeout), self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one snapshot of what is committed; writers do not wait for it."""
        with map_exceptions(_ERRORS):
            async with asyncio.timeout(self._timeout), self._reader.connect() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


_ERRORS: dict[type[BaseException], type[LedgerError]] = {
    IntegrityError: LedgerError,
    DataError: LedgerError,
    ProgrammingError: LedgerError,
    DBAPIError: LedgerUnavailable,
    SQLAlchemyError: LedgerError,
    OSError: LedgerUnavailable,
}
"""First match counts. A lost connection comes as a bare DBAPIError, a time-out as an OSError."""


def open_engine(url: str, clock: Clock, *, timeout_seconds: float = 10.0) -> Engine:
    """The engine for a database address.

    `memory:` keeps everything in this process; `sqlite:PATH` and `postgresql://…` are short
    for SQLAlchemy's addresses with the drivers named in the design.

    Raises:
        ConfigError: the address cannot be read, or its driver is not installed.
    """
    if url in ("memory:", "sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite://"):
        return InlineEngine(clock)
    full = url
    if url.startswith("sqlite:") and not url.startswith("sqlite://"):
        full = f"sqlite+aiosqlite:///{url.removeprefix('sqlite:')}"
    elif url.startswith("sqlite:///"):
        full = url.replace("sqlite:", "sqlite+aiosqlite:", 1)
    elif url.startswith(("postgresql://", "postgres://")):
        full = "postgresql+asyncpg://" + url.partition("://")[2]
    try:
        return AsyncEngine(full, timeout_seconds=timeout_seconds)
    except ArgumentError as error:
        raise ConfigError(f"{url!r} is not a database address: {error}", field="ledger") from error
    except ModuleNotFoundError as error:
        hint = "install shoal[postgres]" if "asyncpg" in str(error) else "install shoal[node]"
        raise ConfigError(f"{error}; {hint}", field="ledger") from error
    except SQLAlchemyError as error:
        raise ConfigError(f"{url!r}: {error}", field="ledger") from error


def _prepare_sqlite_memory(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def _prepare_sqlite_file(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(SQLITE_BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
