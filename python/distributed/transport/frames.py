"""Frames on a byte stream: what kinds there are, and the native codec that cuts them."""

from __future__ import annotations

import struct
from enum import IntEnum

from distributed._native import FrameDecoder, encode_frame, encode_frames

__all__ = ["DEADLINE", "FrameDecoder", "Kind", "encode_frame", "encode_frames"]


class Kind(IntEnum):
    """What a frame is for."""

    GREETING = 1
    REQUEST = 2
    REPLY = 3
    NOTICE = 4
    PING = 5
    PONG = 6
    GOODBYE = 7


DEADLINE = struct.Struct("<I")
"""Milliseconds that the sender of a request will wait, ahead of its body; zero for ever."""
