"""What a pool and its child processes say to each other.

A frame is a 4-byte big-endian length and a msgpack array of messages. Both ends are of one
installation and one process tree, so there is no version and no authentication here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 1 << 30


class Run(msgspec.Struct, frozen=True, array_like=True, tag=0, gc=False):
    """Run this attempt after those sent before.

    `args` is the msgpack map of keyword arguments, `inputs` the encoded results of what it
    depends on; `references` names the large ones by file.
    """

    dispatch_id: str
    job_id: str
    workflow: str
    attempt: int
    run: str
    command: tuple[str, ...]
    args: bytes
    inputs: tuple[tuple[str, bytes], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    memory_bytes: int | None = None
    cpu_seconds: float | None = None


class Stop(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """Ask this attempt to end by itself."""

    dispatch_id: str
    reason: str = ""


class GiveBack(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """Return every attempt that has not begun."""


class Ready(msgspec.Struct, frozen=True, array_like=True, tag=3, gc=False):
    """The child is up."""

    pid: int


class Reported(msgspec.Struct, frozen=True, array_like=True, tag=4, gc=False):
    """Measurements of an attempt.

    `latencies` are those since the last report, as native float64 seconds; `counters` are
    totals of the attempt so far.
    """

    dispatch_id: str
    latencies: bytes
    counters: dict[str, float]


class Progressed(msgspec.Struct, frozen=True, array_like=True, tag=5, gc=False):
    """How far the attempt says it is."""

    dispatch_id: str
    done: int
    total: int


class Output(msgspec.Struct, frozen=True, array_like=True, tag=6, gc=False):
    """Lines the attempt wrote; `dropped` were over a bound and are gone."""

    dispatch_id: str
    stream: str
    lines: tuple[str, ...]
    dropped: int = 0


class Finished(msgspec.Struct, frozen=True, array_like=True, tag=7, gc=False):
    """The attempt's end: `state` is completed, failed or cancelled.

    `retire` says that the child ends itself after this, since the attempt may have left it
    unfit for another.
    """

    dispatch_id: str
    state: str
    value: bytes = b""
    error: str = ""
    traceback: str = ""
    run_seconds: float = 0.0
    reference: str = ""
    retire: bool = False


class Returned(msgspec.Struct, frozen=True, array_like=True, tag=8, gc=False):
    """Attempts given back unstarted."""

    dispatch_ids: tuple[str, ...]


ToChild = Run | Stop | GiveBack
FromChild = Ready | Reported | Progressed | Output | Finished | Returned

_encoder = msgspec.msgpack.Encoder()
to_child = msgspec.msgpack.Decoder(list[ToChild])
from_child = msgspec.msgpack.Decoder(list[FromChild])


def encode(messages: list[ToChild] | list[FromChild]) -> bytes:
    """One frame with all of `messages`."""
    body = _encoder.encode(messages)
    return LENGTH.pack(len(body)) + body


class Splitter:
    """Cuts a byte stream into frame bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies completed by `data`, in order.

        Raises:
            ValueError: a length above `MAX_FRAME_BYTES`; the stream cannot be read on.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= LENGTH.size:
            (length,) = LENGTH.unpack_from(buffer, start)
            if length > MAX_FRAME_BYTES:
                raise ValueError(f"a frame of {length} bytes exceeds {MAX_FRAME_BYTES}")
            end = start + LENGTH.size + length
            if end > len(buffer):
                break
            yield bytes(buffer[start + LENGTH.size : end])
            start = end
        del buffer[:start]
