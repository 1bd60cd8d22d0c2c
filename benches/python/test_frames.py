"""Frames of 100 bytes, a thousand at a time, beside the same format in plain Python.

`pytest benches/python/test_frames.py --benchmark-enable --benchmark-only`
"""

from __future__ import annotations

import struct

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from distributed import _native

Frame = tuple[int, int, int, bytes]

HEADER = struct.Struct("<IBBHQ")
FRAMES: list[Frame] = [(1, 0, correlation, bytes(100)) for correlation in range(1_000)]


class PlainDecoder:
    """What one writes without an extension: struct and a bytearray."""

    def __init__(self, max_frame_bytes: int) -> None:
        self._max = max_frame_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """As `FrameDecoder.feed`, without compression."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        at = 0
        while len(buffer) - at >= HEADER.size:
            length, version, kind, flags, correlation = HEADER.unpack_from(buffer, at)
            if length > self._max or version != 1:
                raise ValueError(length)
            end = at + HEADER.size + length
            if len(buffer) < end:
                break
            frames.append((kind, flags, correlation, bytes(buffer[at + HEADER.size : end])))
            at = end
        del buffer[:at]
        return frames


def plain_encode(frames: list[Frame]) -> bytes:
    """As `encode_frames`, without compression."""
    parts: list[bytes] = []
    for kind, flags, correlation, payload in frames:
        parts.append(HEADER.pack(len(payload), 1, kind, flags, correlation))
        parts.append(payload)
    return b"".join(parts)


@pytest.fixture(autouse=True)
def _release_build() -> None:
    if _native.build_profile() == "debug":
        pytest.skip("a debug build measures nothing")


@pytest.mark.benchmark(group="decode 1,000 frames")
@pytest.mark.parametrize("decoder", [_native.FrameDecoder, PlainDecoder])
def test_decode(
    benchmark: BenchmarkFixture, decoder: type[_native.FrameDecoder] | type[PlainDecoder]
) -> None:
    stream = _native.encode_frames(FRAMES)
    assert benchmark(decoder(1_000).feed, stream) == FRAMES


@pytest.mark.benchmark(group="encode 1,000 frames")
@pytest.mark.parametrize("encode", [_native.encode_frames, plain_encode])
def test_encode(benchmark: BenchmarkFixture, encode: object) -> None:
    assert callable(encode)
    assert benchmark(encode, FRAMES) == _native.encode_frames(FRAMES)
