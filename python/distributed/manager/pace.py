"""How fast this manager gives out work, and how long new work would wait for its turn."""

from __future__ import annotations

from math import exp

from .state import ManagerState

AVERAGED_SECONDS = 5.0
"""Time constant of the average: about what happened in that time counts."""
LEAST_SECONDS = 0.5
"""Shortest time over which a rate is measured."""
LEAST_RATE = 1e-3
"""A lower rate, of one dispatch in a quarter of an hour, counts as none."""
UNKNOWN_SECONDS = 60.0
"""Said of a queue from which nothing was seen to start."""


class Pace:
    """Dispatches and cores a second, averaged with exponentially fading weights."""

    def __init__(self, state: ManagerState) -> None:
        self._state = state
        self._counted = self._cores_counted = 0
        self._counted_at = state.clock.now()
        self._rate = self._core_rate = 0.0

    @property
    def rate(self) -> float:
        """Workflows given out a second, lately."""
        self._measure()
        return self._rate

    @property
    def core_rate(self) -> float:
        """Cores given out a second, lately."""
        self._measure()
        return self._core_rate

    def _measure(self) -> None:
        state = self._state
        passed = state.clock.now() - self._counted_at
        if passed < LEAST_SECONDS:
            return
        fading = exp(-passed / AVERAGED_SECONDS)
        share = (1.0 - fading) / passed
        given = state.dispatched - self._counted, state.cores_given - self._cores_counted
        self._rate = _above_noise(fading * self._rate + share * given[0])
        self._core_rate = _above_noise(fading * self._core_rate + share * given[1])
        self._counted, self._cores_counted = state.dispatched, state.cores_given
        self._counted_at = state.clock.now()

    @property
    def queued(self) -> int:
        """Workflows that are ready and wait for cores."""
        return sum(len(line) for line in self._state.queue.waiting())

    def wait_seconds(self, ahead: int) -> float:
        """How long `ahead` workflows take to start at the present pace; 0 for none."""
        if not ahead:
            return 0.0
        rate = self.rate
        return min(UNKNOWN_SECONDS, ahead / rate) if rate > 0 else UNKNOWN_SECONDS


def _above_noise(rate: float) -> float:
    """Nothing for a rate that has faded: an idle manager's status then stays the same."""
    return rate if rate >= LEAST_RATE else 0.0
