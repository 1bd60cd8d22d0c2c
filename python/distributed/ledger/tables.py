"""The ledger's tables. A change here needs a migration beside it; a test compares the two.

Instants are seconds by the ledger's own clock, compared only with readings of that clock.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


def _job_key() -> Column[str]:
    return Column("job_id", Text, ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True)


jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("cancel_reason", Text, nullable=True),
    Column("summary", LargeBinary, nullable=True),
    Column("accepted_at", Double, nullable=False),
    Column("ended_at", Double, nullable=True),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("trace", Text, nullable=False, server_default=""),
    Index("ix_jobs_accepted_at", "accepted_at"),
    Index("ix_jobs_ended_at", "ended_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", Text, primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("ix_idempotency_created_at", "created_at"),
    sqlite_with_rowid=False,
)

leases = Table(
    "leases",
    metadata,
    _job_key(),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Index("ix_leases_owner", "owner"),
    sqlite_with_rowid=False,
)

holders = Table(
    "holders",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("instance", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    _job_key(),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("wall", Double, nullable=False),
    Column("detail", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

results = Table(
    "results",
    metadata,
    _job_key(),
    Column("workflow", Text, primary_key=True),
    Column("datacenter", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

value_parts = Table(
    "value_parts",
    metadata,
    _job_key(),
    Column("workflow", Text, primary_key=True),
    Column("datacenter", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

logs = Table(
    "logs",
    metadata,
    _job_key(),
    Column("body", LargeBinary, nullable=False),
)

placed = Table(
    "placed",
    metadata,
    _job_key(),
    Column("datacenter", Text, primary_key=True),
    Column("manager", Text, nullable=False),
    Column("manager_epoch", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("workflows", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

workflows = Table(
    "workflows",
    metadata,
    _job_key(),
    Column("workflow", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)
