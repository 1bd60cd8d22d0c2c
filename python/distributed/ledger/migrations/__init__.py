"""Alembic revisions of the ledger, oldest first; run by `distributed.ledger.migrate`."""
