"""The ledger on SQL: group commit for writes, plain reads, leases by the database's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from distributed.clock import Clock
from distributed.errors import LedgerConflict, LedgerUnavailable

from . import batch
from .commit import GroupCommit
from .engine import Engine
from .interface import (
    Created,
    Event,
    JobRow,
    JobWrite,
    Lease,
    NewJob,
    Orphan,
    ResultRow,
    StoredJob,
)
from .migrate import bring_up_to_date
from .reads import Reads
from .retention import sweep
from .statements import Statements
from .work import T, Work


class SqlLedger:
    """One implementation for SQLite and PostgreSQL; see `interface.Ledger` for the promises.

    Args:
        engine: where the SQL runs.
        clock: for pauses during an outage.
        key_seconds: how long an idempotency key stands for its job.
        max_batch: jobs in one transaction.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        key_seconds: float = 86_400.0,
        max_batch: int = 1000,
    ) -> None:
        self._engine = engine
        self._sql = Statements(engine.dialect, engine.now, engine.wall)
        self._reads = Reads(engine.now)
        self._key_seconds = key_seconds
        self.commits = GroupCommit(self._run_batch, clock, max_batch=max_batch)

    @property
    def available(self) -> bool:
        """Whether the last attempt to commit reached the database."""
        return self.commits.available

    async def start(self) -> None:
        """Bring the schema up to date."""
        try:
            await self._engine.write(bring_up_to_date)
        except LedgerUnavailable as error:
            where = self._engine.address
            raise LedgerUnavailable(f"cannot open the ledger {where}: {error}") from error

    async def serve(self) -> None:
        """Commit what is queued until `close`."""
        await self.commits.serve()

    async def close(self) -> None:
        """Fail what is still queued and let go of the database."""
        self.commits.abandon()
        await self._engine.close()

    def finish(self) -> None:
        """Take nothing more: `serve` commits what is queued and returns."""
        self.commits.close()

    def create(self, new: NewJob) -> asyncio.Future[Created]:
        """Accept a job, or find the one its key stands for."""
        return self.commits.create(new)

    def record(
        self, write: JobWrite, durable: Callable[[], object] | None = None
    ) -> asyncio.Future[None]:
        """Add to a job's story; done when durable."""
        return self.commits.write(write, durable)

    async def renew(self, owner: str, instance: str, lease_seconds: float) -> None:
        """Extend every lease of `owner`: one row, however many jobs it holds."""
        await self._write(partial(self._hold, owner, instance, lease_seconds))

    async def release(self, owner: str, instance: str) -> None:
        """Let every lease of `owner` run out now."""
        await self._write(partial(self._hold, owner, instance, 0.0))

    async def acquire(self, job_id: str, owner: str, epoch: int, *, force: bool = False) -> Lease:
        """Take a job over by compare-and-set on its epoch."""
        taken = await self._write(partial(self._take, job_id, owner, epoch, force))
        if taken is None:
            raise LedgerConflict(
                f"job {job_id} could not be taken from epoch {epoch}: another took it, "
                "its lease still runs, or it has ended"
            )
        return Lease(job_id, owner, taken)

    async def orphans(self, limit: int = 1000) -> tuple[Orphan, ...]:
        """Open jobs whose owner's lease has run out."""
        return await self._read(partial(self._orphans, limit))

    async def owned(self, owner: str) -> tuple[Lease, ...]:
        """Open jobs that `owner` holds."""
        return await self._read(partial(self._owned, owner))

    async def lease(self, job_id: str) -> Lease | None:
        """Who holds an open job."""
        return await self._read(partial(self._lease, job_id))

    async def exists(self, job_id: str) -> bool:
        """Whether a job of that id is known."""
        return await self._read(partial(self._exists, job_id))

    async def head(self, job_id: str) -> StoredJob | None:
        """One job without its story and its results."""
        return await self._read(partial(self._reads.head, job_id=job_id))

    async def find(self, prefix: str) -> tuple[str, ...]:
        """Ids that start with `prefix`."""
        return await self._read(partial(self._reads.find, prefix=prefix))

    async def list_jobs(
        self, *, states: Sequence[str] = (), name: str = "", limit: int = 100, before: str = ""
    ) -> tuple[JobRow, ...]:
        """Jobs newest first."""
        return await self._read(
            partial(self._reads.list_jobs, states=states, name=name, limit=limit, before=before)
        )

    async def events(self, job_id: str, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """Events over `after`."""
        return await self._read(
            partial(self._reads.events, job_id=job_id, after=after, limit=limit)
        )

    async def results(
        self, job_id: str, *, after: int = 0, limit: int = 1000
    ) -> tuple[ResultRow, ...]:
        """Results over `after`."""
        return await self._read(
            partial(self._reads.results, job_id=job_id, after=after, limit=limit)
        )

    async def outline(self, job_id: str) -> tuple[ResultRow, ...]:
        """Every result of a job, bodies left out."""
        return await self._read(partial(self._reads.outline, job_id=job_id))

    async def bodies(self, job_id: str, sequences: Sequence[int]) -> dict[int, bytes]:
        """Bodies of a few results by sequence."""
        return await self._read(partial(self._reads.bodies, job_id=job_id, sequences=sequences))

    async def result(
        self, job_id: str, workflow: str, datacenter: str, attempt: int
    ) -> bytes | None:
        """The body of one result; None where it is not stored."""
        return await self._read(
            partial(
                self._reads.result,
                job_id=job_id,
                workflow=workflow,
                datacenter=datacenter,
                attempt=attempt,
            )
        )

    async def value_part(
        self, job_id: str, workflow: str, datacenter: str, attempt: int, part: int
    ) -> bytes | None:
        """One part of a value; None where it is not stored."""
        return await self._read(
            partial(
                self._reads.value_part,
                job_id=job_id,
                workflow=workflow,
                datacenter=datacenter,
                attempt=attempt,
                part=part,
            )
        )

    async def logs(self, job_id: str) -> bytes:
        """What was kept of an ended job's captured output."""
        return await self._read(partial(self._reads.logs, job_id=job_id))

    async def sweep(
        self, *, keep_seconds: float, keep_count: int, key_seconds: float, limit: int = 1000
    ) -> tuple[str, ...]:
        """Forget ended jobs past age or count, and keys past theirs."""
        return await self._write(
            partial(
                sweep,
                now=self._engine.now,
                keep_seconds=keep_seconds,
                keep_count=keep_count,
                key_seconds=key_seconds,
                limit=limit,
            )
        )

    async def _run_batch(
        self, creates: Sequence[NewJob], writes: Sequence[JobWrite]
    ) -> tuple[list[batch.Outcome], list[batch.Outcome]]:
        return await self._engine.write(
            partial(
                batch.apply,
                sql=self._sql,
                creates=creates,
                writes=writes,
                key_seconds=self._key_seconds,
            )
        )

    async def _write(self, work: Work[T]) -> T:
        try:
            return await self._engine.write(work)
        except LedgerUnavailable:
            self.commits.available = False
            raise

    async def _read(self, work: Work[T]) -> T:
        return await self._engine.read(work)

    def _exists(self, job_id: str, connection: Connection) -> bool:
        run = self._sql.runner(connection)
        return run.scalar(self._sql.exists, {"b_job": job_id}) is not None

    def _lease(self, job_id: str, connection: Connection) -> Lease | None:
        run = self._sql.runner(connection)
        for row in run.execute(self._sql.lease, {"b_job": job_id}):
            return Lease(row.job_id, row.owner, row.epoch)
        return None

    def _orphans(self, limit: int, connection: Connection) -> tuple[Orphan, ...]:
        rows = self._sql.runner(connection).execute(self._sql.orphans, {"b_limit": limit})
        return tuple(Orphan(r.job_id, r.owner, r.epoch, float(r.expired)) for r in rows)

    def _owned(self, owner: str, connection: Connection) -> tuple[Lease, ...]:
        rows = self._sql.runner(connection).execute(self._sql.owned, {"b_owner": owner})
        return tuple(Lease(row.job_id, row.owner, row.epoch) for row in rows)

    def _hold(
        self, owner: str, instance: str, lease_seconds: float, connection: Connection
    ) -> None:
        row = {"b_owner": owner, "b_instance": instance, "b_seconds": lease_seconds}
        self._sql.runner(connection).execute(self._sql.hold, row)

    def _take(
        self, job_id: str, owner: str, epoch: int, force: bool, connection: Connection
    ) -> int | None:
        values: dict[str, Any] = {"b_job": job_id, "b_owner": owner}
        taken: int | None = connection.scalar(
            self._sql.acquire, values | {"b_epoch": epoch, "b_force": force}
        )
        if taken is not None:
            connection.execute(self._sql.set_owner, values | {"b_epoch": taken})
        return taken
