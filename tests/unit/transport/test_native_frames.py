"""Frames of the job plane as Python sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed import _native
from distributed.errors import FrameError

FRAMES = st.lists(
    st.tuples(
        st.integers(1, 63), st.integers(0, 255), st.integers(0, 2**64 - 1), st.binary(max_size=300)
    )
)


@given(FRAMES, st.integers(1, 700), st.none() | st.integers(0, 200))
def test_frames_come_back_however_the_stream_is_cut(
    frames: list[tuple[int, int, int, bytes]], piece: int, threshold: int | None
) -> None:
    """MW 38.2c, GM 20.3b: a frame that came in part waits for the rest."""
    stream = _native.encode_frames(frames, threshold)
    decoder = _native.FrameDecoder(300)
    seen = []
    for start in range(0, len(stream), piece):
        seen += decoder.feed(stream[start : start + piece])
    assert seen == frames
    assert decoder.buffered == 0


def test_one_frame_is_the_same_as_a_batch_of_one() -> None:
    frame = (7, 1, 42, b"payload")
    assert _native.encode_frame(*frame) == _native.encode_frames([frame])


def test_a_payload_past_the_threshold_is_sent_shorter() -> None:
    """MW 43.7, GM 21.3d: compression cuts bytes."""
    plain = _native.encode_frame(1, 0, 1, bytes(10_000))
    packed = _native.encode_frame(1, 0, 1, bytes(10_000), compress_threshold=1_000)
    assert len(packed) < len(plain) // 10
    assert _native.FrameDecoder(10_000).feed(packed) == [(1, 0, 1, bytes(10_000))]


def test_an_oversized_frame_is_refused_from_its_header_alone() -> None:
    """MW 38.1d, GM 20.3c: refused before it is buffered."""
    decoder = _native.FrameDecoder(100)
    header = _native.encode_frame(1, 0, 1, bytes(101))[:16]
    with pytest.raises(FrameError, match=r"101 bytes is over the limit of 100") as caught:
        decoder.feed(header)
    assert caught.value.offset == 0
    assert decoder.buffered == 0


def test_a_fault_names_its_byte_and_is_repeated() -> None:
    """MW 38.2d, 41.2d."""
    good = _native.encode_frame(1, 0, 1, b"fine")
    decoder = _native.FrameDecoder(100)
    decoder.feed(good)
    for data in (b"GET / HTTP/1.1\r\n", good):
        with pytest.raises(FrameError, match="version") as caught:
            decoder.feed(data)
        assert caught.value.offset == len(good) + 4


def test_a_compression_bomb_is_refused_11_59() -> None:
    bomb = _native.encode_frame(1, 0, 1, bytes(64 << 20), compress_threshold=0)
    assert len(bomb) < 300_000
    with pytest.raises(FrameError, match="expands to"):
        _native.FrameDecoder(1 << 20).feed(bomb)


@pytest.mark.parametrize(("kind", "flags"), [(0, 0), (64, 0), (1, 256)])
def test_kinds_and_flags_that_are_not_ours_to_use_are_refused(kind: int, flags: int) -> None:
    with pytest.raises(FrameError):
        _native.encode_frame(kind, flags, 1, b"")
