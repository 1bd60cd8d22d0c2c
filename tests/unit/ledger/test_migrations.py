"""The shipped revisions make exactly the tables that the code uses, on every engine."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from distributed.clock import SystemClock
from distributed.errors import ConfigError, LedgerUnavailable
from distributed.ledger import SqlLedger, open_engine
from distributed.ledger.migrate import HEAD, MIGRATIONS, bring_up_to_date, upgrade
from distributed.ledger.tables import metadata

A_JOB = text(
    "INSERT INTO jobs (job_id, name, key, digest, payload, state, reason,"
    " cancel_reason, summary, accepted_at, ended_at, owner, epoch)"
    " VALUES ('j', 'n', 'k', :none, :none, 'running', '', NULL, NULL, 1, NULL, 'g', 3)"
)
"""As a gate of schema 0001 or 0002 writes it."""


async def test_the_revisions_build_the_tables(url: str) -> None:
    engine = open_engine(url, SystemClock())
    await engine.write(bring_up_to_date)

    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert await engine.write(compare) == []
    await engine.close()


async def test_a_second_start_finds_nothing_to_do(url: str) -> None:
    engine = open_engine(url, SystemClock())
    await engine.write(bring_up_to_date)
    await engine.write(bring_up_to_date)
    await engine.close()


def test_the_newest_revision_is_the_one_the_code_expects() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


async def test_a_gate_of_the_version_before_writes_beside_a_newer_one(url: str) -> None:
    """MW 38.3d: it has the schema of its start in mind: what was added fills itself in."""
    engine = open_engine(url, SystemClock())
    await engine.write(bring_up_to_date)

    def write(connection: Connection) -> None:
        connection.execute(A_JOB, {"none": b""})

    await engine.write(write)
    stored = await SqlLedger(engine, SystemClock()).head("j")
    assert stored is not None
    assert stored.trace == ""
    await engine.close()


async def test_jobs_of_an_older_schema_are_kept(url: str) -> None:
    engine = open_engine(url, SystemClock())

    def older(connection: Connection) -> None:
        upgrade(connection, "0002")
        connection.execute(A_JOB, {"none": b""})

    await engine.write(older)
    await engine.write(bring_up_to_date)
    stored = await SqlLedger(engine, SystemClock()).head("j")
    assert stored is not None
    assert (stored.row.state, stored.row.epoch, stored.trace) == ("running", 3, "")
    await engine.close()


async def test_a_newer_schema_is_refused(url: str) -> None:
    """MW 51.3."""
    engine = open_engine(url, SystemClock())
    await engine.write(bring_up_to_date)

    def age(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await engine.write(age)
    with pytest.raises(ConfigError, match="revision 9999, newer than"):
        await SqlLedger(engine, SystemClock()).start()
    await engine.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite:/nowhere/at/all.db", "all.db: unable to open database file"),
        ("postgresql://shoal:secret@127.0.0.1:1/x", r"shoal:\*\*\*@127.0.0.1:1/x: .*Errno 111"),
    ],
)
async def test_a_ledger_that_cannot_be_opened_is_named_in_one_line(address: str, said: str) -> None:
    engine = open_engine(address, SystemClock())
    with pytest.raises(LedgerUnavailable, match=said) as caught:
        await SqlLedger(engine, SystemClock()).start()
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    await engine.close()


@pytest.mark.parametrize("address", ["nonsense", "oracle://x/y", "mysql://x"])
def test_an_address_that_cannot_be_read_is_a_config_error(address: str) -> None:
    with pytest.raises(ConfigError):
        open_engine(address, SystemClock())
