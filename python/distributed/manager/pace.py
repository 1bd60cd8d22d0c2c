"""How fast this manager gives out work, and how long new work would wait for its turn."""

from __future__ import annotations

from math import exp

from .state import ManagerState

AVERAGED_SECONDS = 5.0
"""Time constant of the average: about what happened in that time counts."""
LEAST_SECONDS = 0.5
"""Shortest time over which a rate is measured."""
UNKNOWN_SECONDS = 60.0
"""Said of a queue from which nothing was seen to start."""


class Pace:
    """Dispatches a second, averaged with exponentially fading weights."""

    def __init__(self, state: ManagerState) -> None:
        self._state = state
        self._counted = 0
        self._counted_at = state.clock.now()
        self._rate = 0.0

    @property
    def rate(self) -> float:
        """Workflows given out a second, lately."""
        state = self._state
        passed = state.clock.now() - self._counted_at
        if passed >= LEAST_SECONDS:
            measured = (state.dispatched - self._counted) / passed
            fading = exp(-passed / AVERAGED_SECONDS)
            self._rate = fading * self._rate + (1.0 - fading) * measured
            self._counted, self._counted_at = state.dispatched, state.clock.now()
        return self._rate

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
