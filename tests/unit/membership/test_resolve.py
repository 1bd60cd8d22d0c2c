"""Seeds, from what people write to addresses."""

import asyncio

import pytest

from distributed.membership.resolve import join_host_port, resolve, resolve_all, split


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        ("10.0.0.1:7000", ("10.0.0.1", 7000)),
        ("10.0.0.1", ("10.0.0.1", 7946)),
        ("[::1]:7000", ("::1", 7000)),
        ("[::1]", ("::1", 7946)),
        ("fd00::7", ("fd00::7", 7946)),
        ("seed.example:0", ("seed.example", 0)),
    ],
)
def test_a_seed_is_read_as_host_and_port(seed: str, expected: tuple[str, int]) -> None:
    assert split(seed) == expected


@pytest.mark.parametrize("seed", ["host:port", "host:70000", "[::1]:x", "host:-1", "host:٣"])
def test_a_seed_whose_port_is_none_is_refused_by_name(seed: str) -> None:
    with pytest.raises(ValueError, match="has no port that could be one"):
        split(seed)


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert join_host_port("::1", 5) == "[::1]:5"
    assert join_host_port("127.0.0.1", 5) == "127.0.0.1:5"


async def test_a_literal_address_needs_no_lookup() -> None:
    assert await resolve("127.0.0.1:7000") == ["127.0.0.1:7000"]


async def test_every_address_behind_a_name_is_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lookup(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert (host, port) == ("seeds.example", 7946)
        found = [("10.0.0.1", port), ("10.0.0.2", port), ("10.0.0.1", port), ("fd00::1", port)]
        return [(None, None, None, "", address) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup, raising=False)
    assert await resolve("seeds.example") == ["10.0.0.1:7946", "10.0.0.2:7946", "[fd00::1]:7946"]


async def test_seeds_that_do_not_resolve_are_named_and_the_others_stand() -> None:
    addresses, failures = await resolve_all(["127.0.0.1:1", "no-such-host.invalid:2", "x:y"])
    assert addresses == ["127.0.0.1:1"]
    assert set(failures) == {"no-such-host.invalid:2", "x:y"}
    assert all(failures.values())
