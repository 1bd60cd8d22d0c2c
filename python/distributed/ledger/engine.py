"""How a block of SQL gets to a database: through an async driver, or inline.

Every statement of the ledger is written once, as a plain function of a SQLAlchemy
`Connection`. An `Engine` runs such a function in one transaction: over asyncpg, on a SQLite
file (`sqlite.py`), or inline on an in-memory SQLite where no thread may exist (virtual time)
and no byte needs to reach a disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    bindparam,
    cast,
    create_engine,
    event,
    func,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from distributed.clock import Clock
from distributed.errors import ConfigError

from .address import full_address
from .mapping import mapped
from .sqlite import SqliteEngine
from .work import T, Work


class Engine(Protocol):
    """Runs blocks of SQL; each `write` block is one transaction, durable on return."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    @property
    def address(self) -> str:
        """Where the database is, for people: without a password."""
        ...

    @property
    def now(self) -> ColumnElement[float]:
        """The database's clock as an expression, in seconds."""
        ...

    @property
    def wall(self) -> Callable[[], float] | None:
        """The same clock as a function; None where only the database can tell."""
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
        event.listen(self._engine, "connect", _prepare)
        self._connection: Connection | None = None
        self.dialect = "sqlite"
        self.address = "memory:"
        self.now: ColumnElement[float] = bindparam("ledger_now", callable_=clock.wall)
        self.wall: Callable[[], float] | None = clock.wall

    async def write(self, work: Work[T]) -> T:
        """Run `work` and commit."""
        with mapped():
            return _transact(self._connect(), work)

    async def read(self, work: Work[T]) -> T:
        """Run `work`; nobody else runs meanwhile."""
        with mapped():
            connection = self._connect()
            try:
                return work(connection)
            finally:
                connection.rollback()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What plain SQL selects, at once."""
        raw = self._connect().connection.driver_connection
        assert raw is not None
        return list(raw.execute(statement))

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    async def close(self) -> None:
        """Drop the database."""
        self.drop()

    def drop(self) -> None:
        """The same, for who has no event loop any more."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()


class AsyncEngine:
    """A database behind an async driver: PostgreSQL over asyncpg.

    Of several hosts the one that takes writes is connected to: a standby counts once it was
    promoted. A connection that broke with its server is replaced by one to the next.

    Args:
        url: as SQLAlchemy takes it.
        timeout_seconds: for one block, connecting included.
    """

    def __init__(self, url: URL, *, timeout_seconds: float = 10.0) -> None:
        self.dialect = url.get_backend_name()
        self.address = url.render_as_string(hide_password=True)
        self._timeout = timeout_seconds
        wanted = {"target_session_attrs": "read-write", "timeout": timeout_seconds}
        self._engine = create_async_engine(
            url,
            pool_size=4,
            pool_pre_ping=True,
            connect_args={name: wanted[name] for name in wanted if name not in url.query},
        )
        self.now: ColumnElement[float] = cast(func.extract("epoch", func.clock_timestamp()), Double)
        self.wall: Callable[[], float] | None = None

    async def write(self, work: Work[T]) -> T:
        """Run `work` and commit."""
        with mapped():
            async with asyncio.timeout(self._timeout), self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one snapshot of what is committed; writers do not wait for it."""
        with mapped():
            async with asyncio.timeout(self._timeout), self._engine.connect() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def open_engine(url: str, clock: Clock, *, timeout_seconds: float = 10.0) -> Engine:
    """The engine for a database address.

    `memory:` keeps everything in this process; `sqlite:PATH` and `postgresql://…` are short
    for SQLAlchemy's addresses with the drivers named in the design. Several PostgreSQL hosts
    are written as libpq does, with commas.

    Raises:
        ConfigError: the address cannot be read, or its driver is not installed.
    """
    if url == "memory:" or (url.startswith("sqlite") and url.endswith(("://", ":memory:"))):
        return InlineEngine(clock)
    try:
        parsed = make_url(full_address(url))
        if parsed.get_backend_name() == "sqlite":
            return SqliteEngine(parsed, clock)
        return AsyncEngine(parsed, timeout_seconds=timeout_seconds)
    except ArgumentError as error:
        raise ConfigError(f"{url!r} is not a database address: {error}", field="ledger") from error
    except ModuleNotFoundError as error:
        hint = "install shoal[postgres]" if "asyncpg" in str(error) else "install shoal[node]"
        raise ConfigError(f"{error}; {hint}", field="ledger") from error
    except SQLAlchemyError as error:
        raise ConfigError(f"{url!r}: {error}", field="ledger") from error


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def _transact(connection: Connection, work: Work[T]) -> T:
    raw: Any = connection.connection.driver_connection
    raw.execute("BEGIN IMMEDIATE")
    try:
        answer = work(connection)
        raw.commit()
    except BaseException:
        connection.rollback()
        if raw.in_transaction:
            raw.rollback()
        raise
    connection.commit()
    return answer
