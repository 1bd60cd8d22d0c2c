"""Back-pressure that can always fall again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.reliability.pressure import (
    Level,
    PressureGauge,
    PressureRules,
    SenderPace,
    worst,
)


def gauge_at(delay: float, seconds: float = 20.0) -> PressureGauge:
    gauge = PressureGauge()
    for step in range(round(seconds * 10)):
        gauge.sample(delay, step / 10)
    return gauge


@pytest.mark.parametrize(
    ("delay", "level"),
    [(0.0, Level.NONE), (0.2, Level.THROTTLE), (0.9, Level.BATCH), (5.0, Level.REJECT)],
)
def test_the_level_follows_the_measured_delay(delay: float, level: Level) -> None:
    """MW 59.5, 11.1a-c, GM 5.1, invariant 7."""
    assert gauge_at(delay).level(20.0) is level


def test_arrivals_without_delay_are_no_pressure() -> None:
    gauge = PressureGauge()
    for step in range(100_000):
        gauge.sample(0.0, step / 10_000)
    assert gauge.level(10.0) is Level.NONE


def test_a_spike_weighs_as_long_as_it_lasts() -> None:
    """MW 48.2, 60.10."""
    gauge = gauge_at(0.001)
    gauge.sample(3.0, 19.95)
    for step in range(20):
        gauge.sample(0.001, 20.02 + step / 100)
    assert gauge.level(20.3) is Level.NONE


def test_leaving_a_level_takes_more_than_touching_its_bound() -> None:
    """MW 44.8, 60.5."""
    gauge = gauge_at(0.55)
    for step in range(100):
        gauge.sample(0.45, 20.0 + step / 10)
    assert gauge.level(30.0) is Level.BATCH
    for step in range(100):
        gauge.sample(0.2, 30.0 + step / 10)
    assert gauge.level(40.0) is Level.THROTTLE


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10)), max_size=50))
def test_pressure_always_falls_when_nothing_waits(samples: list[tuple[float, float]]) -> None:
    """MW 48.1, GM 41.9: a receiver that rejected everything recovers by itself."""
    gauge = PressureGauge()
    now = 0.0
    for delay, gap in samples:
        now += gap
        gauge.sample(delay, now)
    assert gauge.level(now + 60.0) is Level.NONE


def test_a_sender_that_hears_nothing_relaxes_step_by_step() -> None:
    """MW 55.7, 44.8, 54.1: rejected statistics cannot keep the word that lifts the rejection
    away.
    """
    pace = SenderPace(PressureRules(relax_seconds=5.0))
    pace.told(Level.REJECT, 0.0)
    found = [pace.level(now) for now in (0.0, 4.9, 5.0, 10.0, 15.0, 500.0)]
    assert found == [Level.REJECT, Level.REJECT, Level.BATCH, Level.THROTTLE, *[Level.NONE] * 2]


def test_a_sender_follows_up_and_down_at_once() -> None:
    """MW 9.2c, GM 5.2c, 5.3a, 21.1e, 41.9a, 41.9b, 41.9c."""
    pace = SenderPace()
    quiet = pace.interval_seconds(0.0)
    pace.told(Level.BATCH, 0.0)
    assert pace.interval_seconds(0.1) > quiet
    pace.told(Level.NONE, 0.3)
    assert pace.interval_seconds(0.3) == quiet


def test_a_datacenter_is_as_pressed_as_its_worst_manager() -> None:
    """GM 5.2a, 5.3b."""
    assert worst([Level.NONE, Level.BATCH]) is Level.BATCH
    assert worst([]) is Level.NONE


@pytest.mark.parametrize(
    ("label", "level"),
    [("reject", Level.REJECT), ("none", Level.NONE), ("extreme", Level.THROTTLE)],
)
def test_levels_travel_by_name(label: str, level: Level) -> None:
    assert Level.parse(label) is level
