"""The ledger's address: what is written, and what SQLAlchemy is given."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from distributed.ledger.address import full_address


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("sqlite:a.db", "sqlite:///a.db"),
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("postgres://u@h/n", "postgresql+asyncpg://u@h/n"),
        ("postgresql+asyncpg://u@h/n", "postgresql+asyncpg://u@h/n"),
        ("oracle://x/y", "oracle://x/y"),
        ("postgresql://a:1,b:2/n", "postgresql+asyncpg:///n?host=a:1&host=b:2"),
        (
            "postgresql://u:p%40w@[::1]:1,b/n?application_name=x",
            "postgresql+asyncpg://u:p%40w@/n?host=[::1]:1&host=b&application_name=x",
        ),
    ],
)
def test_an_address_gets_its_driver_and_all_its_hosts(written: str, full: str) -> None:
    assert full_address(written) == full


def test_every_host_of_a_list_reaches_the_driver() -> None:
    url = make_url(full_address("postgresql://u@a:5432,b:5433/name"))
    assert (url.username, url.database, url.query["host"]) == ("u", "name", ("a:5432", "b:5433"))
