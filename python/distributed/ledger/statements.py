"""The statements of the hot path, built once for each dialect so that SQLAlchemy compiles once.

Inserts that may repeat say so (`ON CONFLICT DO NOTHING`): a write that is tried again after
an outage changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Table,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

from . import tables as t
from .direct import DirectRunner, Runner, Texts


def _insert(dialect: str, table: Table) -> Any:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


class Statements:
    """Every statement of the write path for one dialect and its clock.

    Args:
        dialect: `sqlite` or `postgresql`.
        now: the clock as an expression, in seconds.
        wall: the same clock as a function, where it can be read without asking.
    """

    def __init__(
        self,
        dialect: str,
        now: ColumnElement[float],
        wall: Callable[[], float] | None = None,
    ) -> None:
        def put(table: Table) -> Executable:
            statement: Executable = _insert(dialect, table).on_conflict_do_nothing()
            return statement

        self._now = select(now)
        self._wall = wall
        self._texts = Texts() if dialect == "sqlite" else None
        self.add_key = (
            _insert(dialect, t.idempotency).on_conflict_do_nothing().returning(t.idempotency.c.key)
        )
        self.add_job = _insert(dialect, t.jobs).on_conflict_do_nothing().returning(t.jobs.c.job_id)
        self.add_lease = put(t.leases)
        self.add_event = put(t.events)
        self.add_result = put(t.results)
        self.add_part = put(t.value_parts)
        self.put_logs = _upsert(dialect, t.logs, ("job_id",))
        self.put_placed = _upsert(dialect, t.placed, ("job_id", "datacenter"))
        self.put_workflow = _upsert(dialect, t.workflows, ("job_id", "workflow"))
        self.hold = _hold(dialect, now)
        self.lease = select(t.leases.c.job_id, t.leases.c.owner, t.leases.c.epoch).where(
            t.leases.c.job_id == bindparam("b_job")
        )
        fence = select(t.leases.c.job_id, t.leases.c.owner, t.leases.c.epoch).where(
            _among(dialect, t.leases.c.job_id, "ids")
        )
        self.fence = fence.with_for_update() if dialect == "postgresql" else fence
        self.fence_one = self.lease.with_for_update() if dialect == "postgresql" else self.lease
        self.known_keys = select(
            t.idempotency.c.key,
            t.idempotency.c.job_id,
            t.idempotency.c.digest,
            t.idempotency.c.created_at,
        ).where(_among(dialect, t.idempotency.c.key, "keys"))
        self.known_jobs = select(
            t.jobs.c.job_id, t.jobs.c.key, t.jobs.c.owner, t.jobs.c.epoch, t.jobs.c.state
        ).where(_among(dialect, t.jobs.c.job_id, "ids"))
        self.exists = select(t.jobs.c.epoch).where(t.jobs.c.job_id == bindparam("b_job"))
        self.owned = select(t.leases.c.job_id, t.leases.c.owner, t.leases.c.epoch).where(
            t.leases.c.owner == bindparam("b_owner")
        )
        self.orphans = _orphans(now)
        self.drop_key = delete(t.idempotency).where(t.idempotency.c.key == bindparam("b_key"))
        job = update(t.jobs).where(t.jobs.c.job_id == bindparam("b_job"))
        self.set_state = job.values(state=bindparam("b_state"), reason=bindparam("b_why"))
        self.set_cancel = job.where(t.jobs.c.cancel_reason.is_(None)).values(
            cancel_reason=bindparam("b_cancel")
        )
        self.set_ended = _end(job)
        self.tidy_parts = _tidy_parts()
        self.drop_lease = delete(t.leases).where(t.leases.c.job_id == bindparam("b_job"))
        self.set_owner = job.values(owner=bindparam("b_owner"), epoch=bindparam("b_epoch"))
        self.acquire = _acquire(now)

    def runner(self, connection: Connection) -> Runner:
        """What runs these statements in the transaction of `connection`."""
        return connection if self._texts is None else DirectRunner(connection, self._texts)

    def now(self, run: Runner) -> float:
        """Seconds by the ledger's clock: a database in this process has this process's."""
        return float(run.scalar(self._now)) if self._wall is None else self._wall()

    def listed(self, values: Sequence[str]) -> Sequence[str] | str:
        """A list of values as the statements that take one want it."""
        return values if self._texts is None else msgspec.json.encode(values).decode()


def _end(job: Any) -> Executable:
    """End a job, with its last state where that is given."""
    statement: Executable = job.values(
        state=func.coalesce(bindparam("b_state"), t.jobs.c.state),
        reason=func.coalesce(bindparam("b_why"), t.jobs.c.reason),
        ended_at=bindparam("b_now"),
        summary=bindparam("b_summary"),
    )
    return statement


def _orphans(now: ColumnElement[float]) -> Executable:
    """Open jobs whose holder's time ran out, with the seconds since."""
    ran_out = func.coalesce(t.holders.c.expires_at, 0.0)
    return (
        select(t.leases.c.job_id, t.leases.c.owner, t.leases.c.epoch)
        .add_columns((now - ran_out).label("expired"))
        .select_from(t.leases.outerjoin(t.holders, t.holders.c.owner == t.leases.c.owner))
        .where(ran_out <= now)
        .order_by(t.leases.c.job_id)
        .limit(bindparam("b_limit"))
    )


def _among(dialect: str, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Whether a column is in a list of values: for SQLite one text, so one statement for all."""
    if dialect != "sqlite":
        return column.in_(bindparam(name, expanding=True))
    values = func.json_each(bindparam(name)).table_valued("value", name="listed")
    return column.in_(select(values.c.value))


def _upsert(dialect: str, table: Table, key: tuple[str, ...]) -> Executable:
    insert = _insert(dialect, table)
    rest = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in key}
    statement: Executable = insert.on_conflict_do_update(index_elements=list(key), set_=rest)
    return statement


def _tidy_parts() -> Executable:
    """Drop a job's parts of values that none of its results stands for."""
    parts, results = t.value_parts.c, t.results.c
    stands_for = exists().where(
        results.job_id == parts.job_id,
        results.workflow == parts.workflow,
        results.datacenter == parts.datacenter,
        results.attempt == parts.attempt,
    )
    return delete(t.value_parts).where(parts.job_id == bindparam("b_job"), ~stands_for)


def _hold(dialect: str, now: ColumnElement[float]) -> Executable:
    """Extend an owner's lease from the database's now on."""
    insert = _insert(dialect, t.holders).values(
        owner=bindparam("b_owner"),
        instance=bindparam("b_instance"),
        expires_at=now + bindparam("b_seconds", type_=Double),
    )
    rest = {name: insert.excluded[name] for name in ("instance", "expires_at")}
    statement: Executable = insert.on_conflict_do_update(index_elements=["owner"], set_=rest)
    return statement


def _acquire(now: ColumnElement[float]) -> Executable:
    """The compare-and-set of ownership, in one statement."""
    running = exists().where(t.holders.c.owner == t.leases.c.owner, t.holders.c.expires_at > now)
    return (
        update(t.leases)
        .where(
            t.leases.c.job_id == bindparam("b_job"),
            t.leases.c.epoch == bindparam("b_epoch"),
            (t.leases.c.owner == bindparam("b_owner")) | bindparam("b_force") | ~running,
        )
        .values(owner=bindparam("b_owner"), epoch=t.leases.c.epoch + 1)
        .returning(t.leases.c.epoch)
    )
