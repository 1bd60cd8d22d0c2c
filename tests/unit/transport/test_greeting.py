"""What two ends say of themselves first, and when they do not talk."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from distributed.errors import FrameError, PeerIdentityError
from distributed.messages.admin import NodeStatus, ShowStatus
from distributed.transport import connection
from distributed.transport.greeting import (
    OLDEST_VERSION,
    VERSION,
    Greeting,
    decode_greeting,
    refusal_of,
)
from distributed.transport.interface import Context, Identity
from distributed.types import Role

from .conftest import Node

Make = Callable[..., Node]
PEER = Identity(Role.MANAGER, "m-1", "north", "m-1-1")


@pytest.mark.parametrize(
    ("oldest", "newest", "meets"),
    [
        (OLDEST_VERSION, VERSION, True),
        (OLDEST_VERSION, VERSION + 5, True),
        (VERSION, VERSION, True),
        (0, OLDEST_VERSION - 1, False),
        (VERSION + 1, VERSION + 2, False),
    ],
)
def test_ends_whose_versions_do_not_meet_say_so_with_both_ranges(
    oldest: int, newest: int, *, meets: bool
) -> None:
    """GM 41.18c, 41.18e: refused below the least version and above the highest."""
    told = refusal_of(Greeting(oldest, newest, PEER))
    assert (told == "") == meets
    if not meets:
        assert f"m-1 speaks {oldest} to {newest}" in told


def test_a_later_greeting_is_read_and_a_broken_one_is_named() -> None:
    """GM 17.2c: fields that a later version adds are passed over."""
    fields = msgspec.to_builtins(Greeting(1, 2, PEER))
    assert decode_greeting(msgspec.msgpack.encode([*fields, "later"])).identity == PEER
    with pytest.raises(FrameError, match="greeting cannot be read"):
        decode_greeting(b"\xc1")


async def test_who_greeted_is_kept_with_the_connection(make_node: Make) -> None:
    """GM 17.1c: each side holds what the other said of itself, for as long as they talk."""
    server, client = make_node("server", Role.MANAGER), make_node("client")
    seen: list[Identity] = []

    def asked(context: Context, _message: ShowStatus) -> NodeStatus:
        seen.append(context.connection.peer)
        return NodeStatus("server", "manager", "north", 1.0, "up")

    address = await server.listen({ShowStatus: asked})
    made = await client.connect(address)
    await made.request(ShowStatus(), timeout=5.0)
    assert made.peer == msgspec.structs.replace(server.identity, address=address)
    assert seen == [client.identity]


async def test_a_connection_to_another_version_is_refused_at_once(
    make_node: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GM 41.18e: told to the one that connects, as a sentence."""
    server, client = make_node("server"), make_node("client")
    address = await server.listen({})

    def later(identity: Identity, cluster: str = "") -> bytes:
        return msgspec.msgpack.encode(Greeting(VERSION + 1, VERSION + 1, identity, cluster))

    monkeypatch.setattr(connection, "encode_greeting", later)
    with pytest.raises(PeerIdentityError, match="protocol versions do not meet"):
        await client.connect(address)
