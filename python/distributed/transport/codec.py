"""One tagged union of every message: decoding gives the type, the type gives the handler."""

from __future__ import annotations

import inspect
from functools import cache, reduce
from operator import or_
from types import ModuleType
from typing import Any

import msgspec

from distributed.errors import FrameError
from distributed.messages import (
    admin,
    base,
    cancel,
    dispatch,
    health,
    job,
    progress,
    results,
    submission,
    values,
)

CONVERSATIONS: tuple[ModuleType, ...] = (
    admin,
    base,
    cancel,
    dispatch,
    health,
    job,
    progress,
    results,
    submission,
    values,
)


@cache
def message_types() -> tuple[type[base.Message], ...]:
    """Every message that may cross the wire, by name."""
    found = {
        item.__name__: item
        for module in CONVERSATIONS
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, base.Message) and item is not base.Message
    }
    return tuple(found[name] for name in sorted(found))


class MessageCodec:
    """Encodes and decodes message bodies of at most `most_bytes`."""

    def __init__(self, most_bytes: int = 1 << 62) -> None:
        self._most = most_bytes
        union: Any = reduce(or_, message_types())
        self._decoder: msgspec.msgpack.Decoder[base.Message] = msgspec.msgpack.Decoder(union)
        self._encoder = msgspec.msgpack.Encoder()

    def encode(self, message: msgspec.Struct) -> bytes:
        """The body of a frame.

        Raises:
            FrameError: the receiver would refuse it for its size, and the connection with it.
        """
        body = self._encoder.encode(message)
        if len(body) > self._most:
            name = type(message).__name__
            raise FrameError(f"{name} has {len(body)} bytes, a frame holds {self._most}")
        return body

    def decode(self, body: bytes) -> base.Message:
        """The message in a body.

        Raises:
            FrameError: no message of ours, or one whose fields have the wrong type.
        """
        try:
            return self._decoder.decode(body)
        except msgspec.DecodeError as error:
            raise FrameError(f"a frame's body is no message of ours: {error}") from error
