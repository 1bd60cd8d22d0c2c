"""Back-pressure between a receiver and its senders, by measured queue delay.

The receiver's level follows how long things really wait and falls by itself when they stop
waiting. A sender's pace follows the levels it is told, and relaxes step by step when it is
told nothing: a lost message can never leave a sender silent for ever.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Level(IntEnum):
    """What a receiver asks of its senders. Control messages are never affected."""

    NONE = 0
    THROTTLE = 1
    BATCH = 2
    REJECT = 3

    @property
    def label(self) -> str:
        """The name as messages carry it."""
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Level:
        """The level of that name; one from a newer peer counts as throttle."""
        return cls.__members__.get(label.upper(), cls.THROTTLE)


class PressureRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the levels.

    Attributes:
        delay_seconds: queue delay from which throttle, batch and reject apply.
        half_life_seconds: how fast the smoothed delay follows, and falls without samples.
        release: share of a level's bound below which it is left again.
        interval_seconds: least time between reports at none, throttle, batch and reject.
        relax_seconds: a sender that hears nothing goes down a level after that long.
    """

    delay_seconds: tuple[float, float, float] = (0.1, 0.5, 2.0)
    half_life_seconds: float = 2.0
    release: float = 0.7
    interval_seconds: tuple[float, float, float, float] = (0.05, 0.25, 1.0, 2.0)
    relax_seconds: float = 5.0


class PressureGauge:
    """The receiver's side: delays in, a level out."""

    def __init__(self, rules: PressureRules | None = None) -> None:
        self._rules = rules if rules is not None else PressureRules()
        self._delay = 0.0
        self._at: float | None = None
        self._level = Level.NONE

    def sample(self, delay_seconds: float, now: float) -> Level:
        """Something waited that long before it was handled; returns the level from now on.

        The mean is over time, not over samples: a spike weighs as long as it lasts.
        """
        share = self._decay(now)
        self._delay = self._delay * share + (1.0 - share) * max(0.0, delay_seconds)
        self._at = now
        self._level = self.level(now)
        return self._level

    def level(self, now: float) -> Level:
        """The level as of now; reading changes nothing."""
        delay = self._faded(now)
        bounds = self._rules.delay_seconds
        found = Level(sum(delay >= bound for bound in bounds))
        if found >= self._level:
            return found
        level = self._level
        while level > found and delay < bounds[level - 1] * self._rules.release:
            level = Level(level - 1)
        return level

    def _decay(self, now: float) -> float:
        if self._at is None:
            return 0.0
        return float(0.5 ** (max(0.0, now - self._at) / self._rules.half_life_seconds))

    def _faded(self, now: float) -> float:
        return self._delay * self._decay(now)


class SenderPace:
    """The sender's side: how often it may report, and whether it may send data at all."""

    def __init__(self, rules: PressureRules | None = None) -> None:
        self._rules = rules if rules is not None else PressureRules()
        self._level = Level.NONE
        self._told_at = 0.0

    def told(self, level: Level, now: float) -> None:
        """The receiver says its level: up or down, it counts at once."""
        self._level = level
        self._told_at = now

    def level(self, now: float) -> Level:
        """The level as of now: a step lower for each relax time without a word."""
        steps = int(max(0.0, now - self._told_at) // self._rules.relax_seconds)
        return Level(max(0, self._level - steps))

    def interval_seconds(self, now: float) -> float:
        """Least time between two reports."""
        return self._rules.interval_seconds[self.level(now)]


def worst(levels: list[Level]) -> Level:
    """A datacenter's level is that of its worst manager."""
    return max(levels, default=Level.NONE)
