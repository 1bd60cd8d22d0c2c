"""What a queue's length means in seconds is measured, not assumed."""

from __future__ import annotations

import pytest

from distributed.jobs.fairness import FairQueue
from distributed.manager.pace import UNKNOWN_SECONDS, Pace


class HandClock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


class Counted:
    """As much of a manager's state as a pace looks at."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.dispatched = 0
        self.cores_given = 0
        self.queue = FairQueue()


def steady(state: Counted, pace: Pace, per_second: int, seconds: int) -> None:
    for _ in range(seconds):
        state.clock.advance(1.0)
        state.dispatched += per_second
        state.cores_given += 4 * per_second
        assert pace.rate >= 0.0


def test_a_wait_is_the_queue_over_the_pace_that_was_measured() -> None:
    """MW 16.1a-b, GM 19.1a, 19.1b, 19.1c: dispatches are counted and make a rate."""
    state = Counted()
    pace = Pace(state)  # type: ignore[arg-type]
    steady(state, pace, 20, 60)
    assert pace.rate == pytest.approx(20.0, rel=0.01)
    assert pace.core_rate == pytest.approx(80.0, rel=0.01)
    assert pace.wait_seconds(100) == pytest.approx(5.0, rel=0.01)


def test_nothing_ahead_is_no_wait_and_an_unseen_pace_is_a_long_one() -> None:
    pace = Pace(Counted())  # type: ignore[arg-type]
    assert pace.wait_seconds(0) == 0.0
    assert pace.wait_seconds(1) == UNKNOWN_SECONDS


def test_a_pause_lengthens_the_wait_little_by_little() -> None:
    state = Counted()
    pace = Pace(state)  # type: ignore[arg-type]
    steady(state, pace, 20, 60)
    steady(state, pace, 0, 5)
    assert 5.0 < pace.wait_seconds(100) < UNKNOWN_SECONDS


def test_a_pace_that_has_faded_is_none() -> None:
    """MW 16.1c: A status that says the same need not be sent again."""
    state = Counted()
    pace = Pace(state)  # type: ignore[arg-type]
    steady(state, pace, 1, 5)
    steady(state, pace, 0, 60)
    assert (pace.rate, pace.core_rate) == (0.0, 0.0)
