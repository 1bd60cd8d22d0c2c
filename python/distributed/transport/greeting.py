"""The first frame each side sends: which versions it speaks and who it is."""

from __future__ import annotations

import msgspec

from distributed.errors import FrameError
from distributed.transport.interface import Identity

VERSION = 1
OLDEST_VERSION = 1


class Greeting(msgspec.Struct, frozen=True, array_like=True):
    """Versions as a range; the highest that both know is spoken."""

    oldest: int
    newest: int
    identity: Identity
    cluster: str = ""


_decoder = msgspec.msgpack.Decoder(Greeting)


def encode_greeting(identity: Identity, cluster: str = "") -> bytes:
    """Our greeting."""
    return msgspec.msgpack.encode(Greeting(OLDEST_VERSION, VERSION, identity, cluster))


def decode_greeting(body: bytes) -> Greeting:
    """The peer's greeting.

    Raises:
        FrameError: it is none.
    """
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise FrameError(f"the greeting cannot be read: {error}") from error


def refusal_of(greeting: Greeting, cluster: str = "") -> str:
    """Why we cannot talk, or ""."""
    if greeting.newest < OLDEST_VERSION or greeting.oldest > VERSION:
        return (
            f"protocol versions do not meet: we speak {OLDEST_VERSION} to {VERSION}, "
            f"{greeting.identity.name} speaks {greeting.oldest} to {greeting.newest}; "
            "upgrade the older node"
        )
    if greeting.cluster != cluster:
        return f"this is cluster {cluster!r}, {greeting.identity.name} is of {greeting.cluster!r}"
    return ""
