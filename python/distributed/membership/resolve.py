"""From a seed as people write it to the addresses behind it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence

DEFAULT_PORT = 7946
SRV_PREFIX = "srv:"


def split(seed: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """Host and port of ``host:port``, ``[v6]:port`` or a bare host.

    Raises:
        ValueError: the port is no port.
    """
    if seed.startswith("["):
        host, _, rest = seed[1:].partition("]")
        port = rest.removeprefix(":")
    elif seed.count(":") == 1:
        host, _, port = seed.partition(":")
    else:
        host, port = seed, ""
    if not port:
        return host, default_port
    if not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise ValueError(f"{seed!r} has no port that could be one")
    return host, int(port)


def join_host_port(host: str, port: int) -> str:
    """The address in the form the agent reads."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def resolve(seed: str) -> list[str]:
    """Every address behind one seed, by A and AAAA, or by SRV for ``srv:_name._udp.domain``.

    Raises:
        OSError: the name does not resolve.
        ValueError: not a seed that could be read.
    """
    if seed.startswith(SRV_PREFIX):
        return await _resolve_srv(seed.removeprefix(SRV_PREFIX))
    host, port = split(seed)
    return await _resolve_host(host, port)


async def _resolve_host(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    addresses = [join_host_port(str(where[0]), int(where[1])) for *_, where in found]
    return list(dict.fromkeys(addresses))


async def _resolve_srv(name: str) -> list[str]:
    try:
        import dns.asyncresolver
        import dns.exception
    except ImportError as error:
        raise ValueError("SRV seeds need dnspython: pip install 'shoal[node]'") from error
    try:
        answer = await dns.asyncresolver.resolve(name, "SRV")
    except dns.exception.DNSException as error:
        raise OSError(f"SRV lookup of {name} failed: {error}") from error
    addresses: list[str] = []
    for record in sorted(answer, key=lambda record: (record.priority, -record.weight)):
        host = str(record.target).rstrip(".")
        addresses += await _resolve_host(host, record.port)
    return list(dict.fromkeys(addresses))


async def resolve_all(seeds: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """The addresses behind all seeds, and why the others have none."""
    wanted: Sequence[str] = list(seeds)
    outcomes = await asyncio.gather(*map(resolve, wanted), return_exceptions=True)
    addresses: list[str] = []
    failures: dict[str, str] = {}
    for seed, outcome in zip(wanted, outcomes, strict=True):
        if isinstance(outcome, OSError | ValueError):
            failures[seed] = str(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            addresses += outcome
    return list(dict.fromkeys(addresses)), failures
