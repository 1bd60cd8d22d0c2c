"""Forgetting: ended jobs past their age or count, and idempotency keys past theirs."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select

from . import tables as t


def sweep(
    connection: Connection,
    now: ColumnElement[float],
    *,
    keep_seconds: float,
    keep_count: int,
    key_seconds: float,
    limit: int,
) -> tuple[str, ...]:
    """Delete at most `limit` ended jobs, oldest end first; open jobs are never touched."""
    connection.execute(delete(t.idempotency).where(t.idempotency.c.created_at < now - key_seconds))
    ended = t.jobs.c.ended_at.is_not(None)
    surplus = (connection.scalar(select(func.count()).where(ended)) or 0) - keep_count
    too_old = t.jobs.c.ended_at < now - keep_seconds
    rule = too_old
    if surplus > 0:
        oldest = (
            select(t.jobs.c.job_id)
            .where(ended)
            .order_by(t.jobs.c.ended_at, t.jobs.c.job_id)
            .limit(min(surplus, limit))
        )
        rule = or_(too_old, t.jobs.c.job_id.in_(oldest))
    gone = tuple(
        connection.scalars(
            select(t.jobs.c.job_id)
            .where(ended, rule)
            .order_by(t.jobs.c.ended_at, t.jobs.c.job_id)
            .limit(limit)
        )
    )
    if gone:
        connection.execute(delete(t.jobs).where(t.jobs.c.job_id.in_(gone)))
    return gone
