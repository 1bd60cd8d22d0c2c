"""The real ledger on an in-memory SQLite that several gates share, with faults on demand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection

from distributed.clock import LoopClock
from distributed.errors import LedgerUnavailable
from distributed.ledger.engine import InlineEngine
from distributed.ledger.sql import SqlLedger

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from distributed.clock import Clock
    from distributed.testing.virtual_host import VirtualHost
    from distributed.testing.virtual_loop import VirtualLoop

T = TypeVar("T")
Work = Callable[[Connection], T]


class SharedDatabase:
    """One database of a simulated cluster, and what ails it.

    Attributes:
        commit_seconds: how long a commit takes, on average.
        unreachable: names of hosts that cannot reach it.
        failing_commits: so many next commits fail without effect.
        lost_answers: so many next commits happen and are reported as failed.
    """

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.engine = InlineEngine(LoopClock(loop))
        self.commit_seconds = 0.002
        self.read_seconds = 0.000_5
        self.unreachable: set[str] = set()
        self.failing_commits = 0
        self.lost_answers = 0
        self.after_commit: Callable[[VirtualHost], None] | None = None
        """Called between a commit and its acknowledgement: the moment to kill the host."""
        self.commits = 0

    def ledger(
        self, host: VirtualHost, clock: Clock, *, key_seconds: float = 86_400.0
    ) -> SqlLedger:
        """The ledger as one gate opens it."""
        return SqlLedger(HostEngine(self, host), clock, key_seconds=key_seconds)

    def close(self) -> None:
        """Drop it: else its driver keeps it, and the whole cluster, for the life of the process."""
        self.engine.drop()

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a read, at once: for those who check, not for those who are checked."""
        return self.engine.rows(statement)


class HostEngine:
    """One gate's way to the shared database."""

    def __init__(self, database: SharedDatabase, host: VirtualHost) -> None:
        self._database = database
        self._host = host
        self._rng = random.Random(f"ledger:{database.loop.seed}:{host.name}")
        self.dialect = database.engine.dialect
        self.address = database.engine.address
        self.now: ColumnElement[float] = database.engine.now
        self.wall = database.engine.wall

    async def write(self, work: Work[T]) -> T:
        """Run `work` and commit, after the time that takes."""
        database = self._database
        await self._travel(database.commit_seconds)
        if database.failing_commits > 0:
            database.failing_commits -= 1
            raise LedgerUnavailable("the commit failed")
        answer = await database.engine.write(work)
        database.commits += 1
        if database.after_commit is not None:
            database.after_commit(self._host)
        await self._travel(database.commit_seconds / 10)
        if database.lost_answers > 0:
            database.lost_answers -= 1
            raise LedgerUnavailable("the connection broke after the commit was sent")
        return answer

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which changes nothing."""
        await self._travel(self._database.read_seconds)
        return await self._database.engine.read(work)

    async def close(self) -> None:
        """The database stays: others use it."""

    async def _travel(self, seconds: float) -> None:
        await asyncio.sleep(seconds * (0.5 + self._rng.random()))
        if self._host.name in self._database.unreachable:
            await asyncio.sleep(1.0)
            raise LedgerUnavailable("the database does not answer")
