"""The trace that a job belongs to, for the gate that takes it over.

The database itself fills the column in: gates of the version before, which run on beside a
newer one, do not know it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.add_column("jobs", sa.Column("trace", sa.Text, nullable=False, server_default=""))
