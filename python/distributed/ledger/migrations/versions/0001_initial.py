"""Jobs, keys, leases and their holders, events, results, placements, workflow facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _job_key() -> sa.Column[str]:
    return sa.Column("job_id", sa.Text, nullable=False)


def _of_job(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["job_id"], ["jobs.job_id"], name=f"fk_{table}_job_id", ondelete="CASCADE"
    )


def upgrade() -> None:
    """Create everything."""
    _jobs_and_keys()
    _ownership()
    _stories()


def _jobs_and_keys() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("cancel_reason", sa.Text, nullable=True),
        sa.Column("summary", sa.LargeBinary, nullable=True),
        sa.Column("accepted_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double, nullable=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_accepted_at", "jobs", ["accepted_at"])
    op.create_index("ix_jobs_ended_at", "jobs", ["ended_at"])
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_idempotency"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"])


def _ownership() -> None:
    op.create_table(
        "leases",
        _job_key(),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_leases"),
        _of_job("leases"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_leases_owner", "leases", ["owner"])
    op.create_table(
        "holders",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_holders"),
        sqlite_with_rowid=False,
    )


def _stories() -> None:
    op.create_table(
        "events",
        _job_key(),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("wall", sa.Double, nullable=False),
        sa.Column("detail", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "sequence", name="pk_events"),
        _of_job("events"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "results",
        _job_key(),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("datacenter", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "workflow", "datacenter", "attempt", name="pk_results"),
        _of_job("results"),
    )
    op.create_table(
        "placed",
        _job_key(),
        sa.Column("datacenter", sa.Text, nullable=False),
        sa.Column("manager", sa.Text, nullable=False),
        sa.Column("manager_epoch", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("workflows", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "datacenter", name="pk_placed"),
        _of_job("placed"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "workflows",
        _job_key(),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "workflow", name="pk_workflows"),
        _of_job("workflows"),
        sqlite_with_rowid=False,
    )
