"""Reads the frames that pass through a simulated connection: names for the trace, and rules
that drop or hold up messages of one type."""

from __future__ import annotations

from typing import NamedTuple

from distributed._native import FrameDecoder, encode_frame
from distributed.errors import FrameError
from distributed.transport.frames import DEADLINE, Kind

_FIXSTR = range(0xA0, 0xC0)
_STR8 = 0xD9
_PREFIX = {int(Kind.REQUEST): DEADLINE.size, int(Kind.REPLY): 0, int(Kind.NOTICE): 0}
"""Kinds that carry a message, and how many bytes stand before it."""
_LABELS = {int(kind): kind.name.lower() for kind in Kind}
NEVER_USED = b"\xc1"
_names: dict[bytes, str] = {}


class Passing(NamedTuple):
    """One frame on its way."""

    kind: int
    flags: int
    correlation: int
    body: bytes

    @property
    def label(self) -> str:
        """The message's type, or the frame's kind where it carries none."""
        before = _PREFIX.get(self.kind)
        if before is not None:
            return message_name(self.body, before)
        return _LABELS.get(self.kind, "unknown")

    @property
    def carries_message(self) -> bool:
        """Whether the body is a message."""
        return self.kind in _PREFIX

    def spoilt(self) -> Passing:
        """The same with a first byte that begins nothing in msgpack: no message of anybody's."""
        at = _PREFIX.get(self.kind, 0)
        return self._replace(body=self.body[:at] + NEVER_USED + self.body[at + 1 :])

    def encode(self) -> bytes:
        """The frame as bytes again."""
        return encode_frame(self.kind, self.flags, self.correlation, self.body)


class FrameTap:
    """Cuts one direction of a connection into frames; goes blind at the first bad byte."""

    __slots__ = ("_decoder",)

    def __init__(self) -> None:
        self._decoder: FrameDecoder | None = FrameDecoder(64 * 1024 * 1024)

    def read(self, data: bytes) -> list[Passing]:
        """The frames that `data` completes."""
        if self._decoder is None:
            return []
        try:
            return [Passing(*frame) for frame in self._decoder.feed(data)]
        except FrameError:
            self._decoder = None
            return []


def message_name(body: bytes, offset: int = 0) -> str:
    """The tag of an encoded message: the first item of its array."""
    at = offset + (1 if body[offset : offset + 1] < b"\xa0" else 3)
    lead = body[at] if at < len(body) else 0
    if lead in _FIXSTR:
        raw = body[at + 1 : at + 1 + lead - 0xA0]
    elif lead == _STR8:
        raw = body[at + 2 : at + 2 + body[at + 1]]
    else:
        return "unreadable"
    name = _names.get(raw)
    if name is None:
        name = _names.setdefault(raw, raw.decode(errors="replace"))
    return name
