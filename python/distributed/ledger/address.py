"""The ledger's address as people write it, made into one that SQLAlchemy takes."""

from __future__ import annotations

from urllib.parse import quote

SCHEMES = ("postgresql://", "postgres://")
DRIVER = "postgresql+asyncpg://"


def full_address(url: str) -> str:
    """The address with its driver; several PostgreSQL hosts as SQLAlchemy wants them.

    `postgresql://user@a:5432,b:5432/name` names two servers, as libpq writes it: whichever
    takes writes is used.
    """
    if url.startswith("sqlite:") and not url.startswith("sqlite://"):
        return f"sqlite:///{url.removeprefix('sqlite:')}"
    scheme = next((known for known in (*SCHEMES, DRIVER) if url.startswith(known)), None)
    if scheme is None:
        return url
    rest = url.removeprefix(scheme)
    place, slash, tail = rest.partition("/")
    login, at, hosts = place.rpartition("@")
    if "," not in hosts:
        return DRIVER + rest
    name, _, query = tail.partition("?")
    named = [f"host={quote(host, safe=':[]')}" for host in hosts.split(",")]
    return f"{DRIVER}{login}{at}{slash}{name}?{'&'.join([*named, *filter(None, [query])])}"
