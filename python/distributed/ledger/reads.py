"""What the ledger answers: one job, lists, stories. Functions of a connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from . import tables as t
from .interface import Event, JobRow, Placed, ResultRow, StoredJob, WorkflowRow

FOUND_LIMIT = 10


class Reads:
    """Queries against one engine's clock."""

    def __init__(self, now: ColumnElement[float]) -> None:
        self._now = now
        self._row = select(
            t.jobs.c.job_id,
            t.jobs.c.name,
            t.jobs.c.state,
            t.jobs.c.reason,
            t.jobs.c.owner,
            t.jobs.c.epoch,
            (now - t.jobs.c.accepted_at).label("age"),
            (t.jobs.c.ended_at - t.jobs.c.accepted_at).label("elapsed"),
        )

    def head(self, connection: Connection, job_id: str) -> StoredJob | None:
        """One job without its story and its results."""
        extra = (t.jobs.c.key, t.jobs.c.digest, t.jobs.c.payload, t.jobs.c.trace)
        query = self._row.add_columns(*extra, t.jobs.c.cancel_reason, t.jobs.c.summary)
        job = connection.execute(query.where(t.jobs.c.job_id == job_id)).one_or_none()
        if job is None:
            return None
        last = 0
        for table in (t.events, t.results):
            highest = select(func.max(table.c.sequence)).where(table.c.job_id == job_id)
            last = max(last, connection.scalar(highest) or 0)
        return StoredJob(
            row=_job_row(job),
            key=job.key,
            digest=job.digest,
            payload=job.payload,
            sequence=last,
            cancel_reason=job.cancel_reason,
            summary=job.summary or b"",
            placed=_placed(connection, job_id),
            workflows=_workflows(connection, job_id),
            stored_bytes=_stored_bytes(connection, job_id),
            trace=job.trace,
        )

    def find(self, connection: Connection, prefix: str) -> tuple[str, ...]:
        """Ids with this prefix, a few at most."""
        query = (
            select(t.jobs.c.job_id)
            .where(t.jobs.c.job_id >= prefix, t.jobs.c.job_id < prefix + "\U0010ffff")
            .order_by(t.jobs.c.job_id)
            .limit(FOUND_LIMIT)
        )
        return tuple(connection.scalars(query))

    def list_jobs(
        self,
        connection: Connection,
        states: Sequence[str],
        name: str,
        limit: int,
        before: str,
    ) -> tuple[JobRow, ...]:
        """Jobs newest first."""
        query = self._row.order_by(t.jobs.c.accepted_at.desc(), t.jobs.c.job_id.desc())
        if states:
            query = query.where(t.jobs.c.state.in_(states))
        if name:
            query = query.where(t.jobs.c.name == name)
        if before:
            at = select(t.jobs.c.accepted_at).where(t.jobs.c.job_id == before).scalar_subquery()
            query = query.where(
                (t.jobs.c.accepted_at < at)
                | ((t.jobs.c.accepted_at == at) & (t.jobs.c.job_id < before))
            )
        return tuple(_job_row(row) for row in connection.execute(query.limit(limit)))

    def events(
        self, connection: Connection, job_id: str, after: int, limit: int
    ) -> tuple[Event, ...]:
        """Events over `after`, in sequence."""
        query = (
            select(t.events)
            .where(t.events.c.job_id == job_id, t.events.c.sequence > after)
            .order_by(t.events.c.sequence)
            .limit(limit)
        )
        return tuple(
            Event(row.sequence, row.kind, row.detail, row.wall) for row in connection.execute(query)
        )

    def results(
        self, connection: Connection, job_id: str, after: int, limit: int
    ) -> tuple[ResultRow, ...]:
        """Results over `after`, in sequence."""
        query: Select[Any] = (
            select(t.results)
            .where(t.results.c.job_id == job_id, t.results.c.sequence > after)
            .order_by(t.results.c.sequence)
            .limit(limit)
        )
        return tuple(
            ResultRow(r.workflow, r.datacenter, r.attempt, r.state, r.sequence, r.body)
            for r in connection.execute(query)
        )

    def outline(self, connection: Connection, job_id: str) -> tuple[ResultRow, ...]:
        """Every result in sequence, without its body."""
        c = t.results.c
        query = (
            select(c.workflow, c.datacenter, c.attempt, c.state, c.sequence)
            .where(c.job_id == job_id)
            .order_by(c.sequence)
        )
        return tuple(ResultRow(*row, body=b"") for row in connection.execute(query))

    def bodies(
        self, connection: Connection, job_id: str, sequences: Sequence[int]
    ) -> dict[int, bytes]:
        """Bodies of a few results by sequence."""
        query = select(t.results.c.sequence, t.results.c.body).where(
            t.results.c.job_id == job_id, t.results.c.sequence.in_(sequences)
        )
        return {row.sequence: row.body for row in connection.execute(query)}

    def result(
        self, connection: Connection, job_id: str, workflow: str, datacenter: str, attempt: int
    ) -> bytes | None:
        """The body of one result."""
        c = t.results.c
        body: bytes | None = connection.scalar(
            select(c.body).where(
                c.job_id == job_id,
                c.workflow == workflow,
                c.datacenter == datacenter,
                c.attempt == attempt,
            )
        )
        return body

    def value_part(
        self,
        connection: Connection,
        job_id: str,
        workflow: str,
        datacenter: str,
        attempt: int,
        part: int,
    ) -> bytes | None:
        """One part of a value."""
        c = t.value_parts.c
        body: bytes | None = connection.scalar(
            select(c.body).where(
                c.job_id == job_id,
                c.workflow == workflow,
                c.datacenter == datacenter,
                c.attempt == attempt,
                c.part == part,
            )
        )
        return body

    def logs(self, connection: Connection, job_id: str) -> bytes:
        """What was kept of the captured output."""
        return connection.scalar(select(t.logs.c.body).where(t.logs.c.job_id == job_id)) or b""


def _job_row(row: Any) -> JobRow:
    elapsed = None if row.elapsed is None else float(row.elapsed)
    return JobRow(
        row.job_id,
        row.name,
        row.state,
        row.reason,
        row.owner,
        row.epoch,
        max(0.0, float(row.age)),
        elapsed,
    )


def _stored_bytes(connection: Connection, job_id: str) -> int:
    size = func.coalesce(func.sum(func.length(t.value_parts.c.body)), 0)
    return int(connection.scalar(select(size).where(t.value_parts.c.job_id == job_id)) or 0)


def _placed(connection: Connection, job_id: str) -> tuple[Placed, ...]:
    rows = connection.execute(select(t.placed).where(t.placed.c.job_id == job_id))
    return tuple(
        Placed(r.datacenter, r.manager, r.manager_epoch, r.state, r.workflows) for r in rows
    )


def _workflows(connection: Connection, job_id: str) -> tuple[WorkflowRow, ...]:
    rows = connection.execute(select(t.workflows).where(t.workflows.c.job_id == job_id))
    return tuple(WorkflowRow(r.workflow, r.state, r.attempt, r.reason) for r in rows)
