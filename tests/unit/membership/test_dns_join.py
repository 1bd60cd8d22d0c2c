"""Joining by name, against a name server of the test; advertising another address."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import dns.asyncresolver
import pytest

from distributed.errors import JoinError
from distributed.membership import Node
from distributed.membership.resolve import resolve

from .name_server import NameServer, name_server


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NameServer]:
    """A name server that this process asks, by either of its two ways of asking."""
    async with name_server() as (server, resolver):
        loop = asyncio.get_running_loop()
        literal = loop.getaddrinfo

        async def lookup(host: str, port: int, **options: Any) -> list[tuple[Any, ...]]:
            if not host.endswith(".test"):
                return await literal(host, port, **options)
            found = []
            for kind in ("A", "AAAA"):
                try:
                    answer = await resolver.resolve(host, kind, raise_on_no_answer=False)
                except dns.resolver.NXDOMAIN as error:
                    raise socket.gaierror(f"{host} does not exist") from error
                found += [(None, None, None, "", (str(record), port)) for record in answer]
            return found

        monkeypatch.setattr(loop, "getaddrinfo", lookup, raising=False)
        monkeypatch.setattr(dns.asyncresolver, "resolve", resolver.resolve)
        yield server


def port_of(node: Node) -> int:
    return int(node.address.rpartition(":")[2])


async def until_seen(node: Node, name: str) -> None:
    while node.member(name) is None:
        await asyncio.sleep(0.005)


async def test_a_member_joins_through_any_address_behind_a_name(names: NameServer) -> None:
    names.records["seeds.shoal.test", "A"] = ["127.0.0.9", "127.0.0.1"]
    async with Node.join(name="a", profile="local") as a:
        seeds = [f"seeds.shoal.test:{port_of(a)}"]
        async with Node.join(name="b", profile="local", seeds=seeds) as b:
            await until_seen(a, "b")
            assert b.member("a") is not None


async def test_a_member_joins_through_a_service_record_and_its_port(names: NameServer) -> None:
    async with Node.join(name="a", profile="local") as a:
        names.records["_shoal._udp.test", "SRV"] = [
            f"0 5 {port_of(a)} one.test.",
            "0 5 9 two.test.",
        ]
        names.records["one.test", "A"] = ["127.0.0.1"]
        names.records["two.test", "A"] = ["127.0.0.1"]
        async with Node.join(name="b", profile="local", seeds=["srv:_shoal._udp.test"]):
            await until_seen(a, "b")


async def test_targets_of_a_service_are_asked_in_the_order_of_their_priority(
    names: NameServer,
) -> None:
    names.records["_shoal._udp.test", "SRV"] = ["9 1 3 late.test.", "1 1 2 first.test."]
    names.records["late.test", "A"] = ["10.0.0.3"]
    names.records["first.test", "A"] = ["10.0.0.2"]
    names.records["first.test", "AAAA"] = ["fd00::2"]
    found = await resolve("srv:_shoal._udp.test")
    assert found == ["10.0.0.2:2", "[fd00::2]:2", "10.0.0.3:3"]


async def test_a_name_that_appears_later_is_looked_up_again(names: NameServer) -> None:
    async with Node.join(name="a", profile="local") as a:
        joining = asyncio.create_task(
            Node.start(
                name="b",
                profile="local",
                seeds=[f"late.test:{port_of(a)}"],
                join_retry_seconds=600.0,
            )
        )
        while ("late.test", "A") not in names.asked:
            await asyncio.sleep(0.005)
        names.records["late.test", "A"] = ["127.0.0.1"]
        b = await joining
        await until_seen(a, "b")
        await b.leave()


async def test_a_service_that_does_not_exist_is_named_in_the_error(names: NameServer) -> None:
    names.records["other.test", "A"] = ["127.0.0.1"]
    with pytest.raises(JoinError, match=r"_nobody\._udp\.test"):
        await Node.start(name="b", profile="local", seeds=["srv:_nobody._udp.test"])


async def test_others_reach_a_member_at_the_address_that_it_advertises() -> None:
    """Bound to every interface, reached at one: what a container or a forwarded port does."""
    async with Node.join(name="a", profile="local") as a:
        joining = Node.join(
            name="b",
            bind="0.0.0.0:0",
            advertise="127.0.0.2:0",
            encryption=False,
            profile="local",
            seeds=[a.address],
        )
        async with joining as b:
            await until_seen(a, "b")
            known = a.member("b")
            assert known is not None
            host, _, port = known.address.rpartition(":")
            assert (host, port) == ("127.0.0.2", b.bound.rpartition(":")[2])
            while not a.stats()["probes_answered"]:
                await asyncio.sleep(0.01)
