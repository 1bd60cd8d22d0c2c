"""Alembic's entry: runs inside the connection and transaction that `migrate` hands over."""

from __future__ import annotations

from alembic import context

from distributed.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
