"""The schema and its history: Alembic revisions that ship inside the package."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from distributed.errors import ConfigError

HEAD = "0003"
MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x53484F41
"""Advisory lock of PostgreSQL under which gates that start together take turns."""


def bring_up_to_date(connection: Connection) -> None:
    """Run the revisions that the database lacks, inside the caller's transaction.

    Raises:
        ConfigError: the database was written by a newer version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    current = _revision(connection)
    if current == HEAD:
        return
    known = {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*.py")}
    if current is not None and current not in known:
        raise ConfigError(
            f"its schema is revision {current}, newer than {HEAD} that this version knows; "
            "upgrade shoal on this node",
            field="ledger",
        )
    upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the revisions up to that one."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
