"""What a scenario does to messages by type, and what the trace hears of them."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from distributed.testing.frame_tap import FrameTap, Passing

if TYPE_CHECKING:
    from distributed.testing.trace import Trace

VERSION_AT = 4
"""Where a frame's header says its version."""

Seen = Callable[[str, str, Passing, str], None]
"""Called with source, target, the frame and its label."""


class MessageRule(msgspec.Struct):
    """Does something to messages of type `name`; "" stands for any name or end.

    Attributes:
        chance: how often it strikes.
        drop: lose the message.
        delay_seconds: hold up the message and everything behind it.
        corrupt: damage a frame's header, or the first byte of its message. A frame has no
            checksum of its own, so damage deeper in a body could not be told from what its
            sender meant: TCP's checksum, or TLS, is what guards it.
        times: how often it may still strike; None for ever.
    """

    name: str = ""
    source: str = ""
    target: str = ""
    chance: float = 1.0
    drop: bool = False
    delay_seconds: float = 0.0
    corrupt: bool = False
    times: int | None = None

    def strikes(self, label: str, source: str, target: str, rng: random.Random) -> bool:
        """Whether this message is hit."""
        if self.times == 0 or (self.name and self.name != label):
            return False
        if (self.source and self.source != source) or (self.target and self.target != target):
            return False
        if self.chance < 1.0 and rng.random() >= self.chance:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class MessageRules:
    """All rules in force, and everybody who wants to see messages pass."""

    def __init__(self) -> None:
        self.active: list[MessageRule] = []
        self.watchers: list[Seen] = []

    def add(self, rule: MessageRule) -> MessageRule:
        """Put a rule in force; hand it to `remove` to end it."""
        self.active.append(rule)
        return rule

    def remove(self, rule: MessageRule) -> None:
        """End a rule."""
        self.active = [kept for kept in self.active if kept is not rule]


class PipeTap:
    """Sees one direction of one connection."""

    __slots__ = ("_frames", "_rng", "_rules", "_source", "_target", "_trace", "delay")

    def __init__(self, rules: MessageRules, trace: Trace, source: str, target: str) -> None:
        self._rules = rules
        self._trace = trace
        self._source = source
        self._target = target
        self._frames = FrameTap()
        self._rng = random.Random(f"rules:{source}>{target}")
        self.delay = 0.0

    def passes(self, data: bytes) -> bytes:
        """What goes on instead of `data`; b"" for nothing. Sets `delay` for the piece."""
        self.delay = 0.0
        frames = self._frames.read(data)
        if not self._rules.active:
            for frame in frames:
                self._passed(frame, frame.label)
            return data
        kept = [frame for frame in frames if not self._lost(frame)]
        if len(kept) < len(frames):
            data = b"".join(frame.encode() for frame in kept)
        return self._corrupted(data, kept)

    def _passed(self, frame: Passing, label: str) -> None:
        mark = f"{zlib.crc32(frame.body):08x}"
        self._trace.add(self._source, "send", label, self._target, mark)
        for watcher in self._rules.watchers:
            watcher(self._source, self._target, frame, label)

    def _lost(self, frame: Passing) -> bool:
        label = frame.label
        source, target = self._source, self._target
        lost = False
        for rule in self._rules.active:
            if not rule.corrupt and rule.strikes(label, source, target, self._rng):
                lost = lost or rule.drop
                self.delay += rule.delay_seconds
        if lost:
            self._trace.add(source, "send", label, target, "lost")
        else:
            self._passed(frame, label)
        return lost

    def _corrupted(self, data: bytes, frames: list[Passing]) -> bytes:
        for rule in self._rules.active:
            if (
                rule.corrupt
                and data
                and rule.strikes(rule.name, self._source, self._target, self._rng)
            ):
                spoilt = [frame.spoilt() for frame in frames if frame.carries_message]
                if spoilt and self._rng.random() < 0.5:
                    data = b"".join(frame.encode() for frame in spoilt)
                    self._trace.add(self._source, "corrupt", "body", self._target)
                    continue
                at = min(VERSION_AT, len(data) - 1)
                data = data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]
                self._trace.add(self._source, "corrupt", "header", self._target)
        return data
