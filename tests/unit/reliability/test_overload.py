"""Overload: by trend, by absolute bounds, by memory; shedding by class (GM 4.1, 4.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.messages.base import Message
from distributed.messages.cancel import CancelJob
from distributed.messages.health import ProbeDatacenter
from distributed.messages.progress import WorkerProgress
from distributed.messages.results import WorkerResults
from distributed.messages.submission import SubmitJob
from distributed.reliability.overload import Overload, OverloadDetector, OverloadRules
from distributed.reliability.shedding import MessageClass, class_of, shed

STEP_SECONDS = 0.25
FINE = OverloadRules(least_seconds=0.005)


def fed(
    delay: float, seconds: float = 20.0, start: float = 0.0, rules: OverloadRules | None = None
) -> OverloadDetector:
    """A detector that was late by the same for a while."""
    detector = OverloadDetector(rules)
    feed(detector, delay, seconds, start)
    return detector


def feed(detector: OverloadDetector, delay: float, seconds: float, start: float) -> float:
    """Samples every quarter of a second; returns when the last one came."""
    now = start
    for number in range(1, int(seconds / STEP_SECONDS) + 1):
        now = start + number * STEP_SECONDS
        detector.sample(delay, now)
    return now


@pytest.mark.parametrize(
    ("step", "level"),
    [
        (0.010, Overload.HEALTHY),
        (0.016, Overload.BUSY),
        (0.021, Overload.STRESSED),
        (0.031, Overload.OVERLOADED),
    ],
)
def test_every_level_can_be_reached_by_trend(step: float, level: Overload) -> None:
    """GM 4.1a: the baseline does not contain the samples that it judges."""
    detector = fed(0.010, rules=FINE)
    now = feed(detector, step, 6.0, start=20.0)
    assert detector.level(now) is level


@pytest.mark.parametrize(
    ("delay", "level"),
    [(0.1, 0), (0.2, 1), (0.5, 2), (2.0, 3), (60.0, 3)],
)
def test_levels_by_absolute_delay(delay: float, level: int) -> None:
    """GM 4.1b."""
    assert fed(delay).level(20.0) == level


@pytest.mark.parametrize(("share", "level"), [(0.5, 0), (0.85, 1), (0.92, 2), (0.99, 3)])
def test_levels_by_memory(share: float, level: int) -> None:
    """GM 4.1d."""
    detector = OverloadDetector()
    detector.memory(share, 0.0)
    assert detector.level(1.0) == level
    assert detector.level(11.0) == 0


def test_a_stop_of_a_few_seconds_is_no_overload() -> None:
    """The process stood still, or the machine did: nothing of it lasts."""
    detector = fed(0.001)
    detector.sample(4.0, 24.25)
    assert detector.level(24.25) is Overload.HEALTHY


def test_a_sample_that_comes_late_stands_for_all_the_time_it_was_held_up() -> None:
    """GM 4.1e: a saturated loop samples seldom, and is judged all the same."""
    detector = fed(0.001)
    for number in range(1, 3):
        detector.sample(3.0, 20.0 + number * 3.25)
    assert detector.level(26.5) is Overload.OVERLOADED


def test_reading_does_not_advance_hysteresis() -> None:
    detector = OverloadDetector()
    detector.memory(0.99, 0.0)
    detector.memory(0.10, 0.1)
    for _ in range(100):
        assert detector.level(0.2) is Overload.OVERLOADED
    assert detector.level(5.2) is Overload.HEALTHY


def test_it_falls_by_itself_when_nothing_more_is_measured() -> None:
    """GM 4.1f."""
    detector = fed(5.0)
    assert detector.level(20.0) is Overload.OVERLOADED
    assert detector.level(60.0) is Overload.HEALTHY


def test_a_short_relief_is_not_believed() -> None:
    """MW 48.3, 59.6."""
    detector = fed(5.0)
    now = feed(detector, 0.001, 6.0, start=20.0)
    assert detector.level(now) is Overload.OVERLOADED
    now = feed(detector, 0.001, 6.0, start=now)
    assert detector.level(now) is Overload.HEALTHY


def test_noise_of_fast_work_is_no_trend() -> None:
    detector = fed(0.0001)
    now = feed(detector, 0.15, 10.0, start=20.0)
    assert detector.level(now) is Overload.HEALTHY


def test_the_reason_names_what_was_found() -> None:
    assert fed(5.0).reason(20.0) == "late by 5.000 s"
    slower = fed(0.05)
    now = feed(slower, 0.3, 6.0, start=20.0)
    assert slower.reason(now) == "late by 0.300 s, +500% over its baseline"


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5)), max_size=60))
def test_no_history_keeps_it_overloaded_for_ever(samples: list[tuple[float, float]]) -> None:
    detector = OverloadDetector(OverloadRules())
    now = 0.0
    for delay, gap in samples:
        now += gap
        detector.sample(delay, now)
    assert detector.level(now + 100.0) is Overload.HEALTHY


@given(
    st.floats(0.0, 100.0),
    st.lists(st.tuples(st.floats(0.0, 100.0), st.floats(0.01, 2.0)), min_size=1, max_size=60),
)
def test_the_level_never_exceeds_that_of_the_worst_delay(
    least: float, samples: list[tuple[float, float]]
) -> None:
    """Nor falls below that of the least, once no trend is judged and the window is full."""
    rules = OverloadRules(least_seconds=1e9, calm_seconds=0.0)
    now = rules.window_seconds
    detector = fed(least, now, rules=rules)
    delays = [least]
    for delay, gap in samples:
        now += gap
        delays.append(max(least, delay))
        detector.sample(delays[-1], now)
    bounds = rules.absolute_seconds
    lowest, highest = (sum(value >= bound for bound in bounds) for value in (least, max(delays)))
    assert lowest <= detector.level(now) <= highest


@pytest.mark.parametrize(
    ("level", "refused"),
    [
        (Overload.HEALTHY, set()),
        (Overload.BUSY, {MessageClass.STATISTICS}),
        (Overload.STRESSED, {MessageClass.STATISTICS, MessageClass.PROGRESS}),
        (
            Overload.OVERLOADED,
            {MessageClass.STATISTICS, MessageClass.PROGRESS, MessageClass.WORK},
        ),
    ],
)
def test_statistics_go_first_and_control_never(level: Overload, refused: set[MessageClass]) -> None:
    """GM 4.2a, 4.2b, 4.2c, 41.9d."""
    assert {kind for kind in MessageClass if shed(kind, level) is not None} == refused


def test_a_refusal_says_when_to_try_again() -> None:
    """GM 4.2d."""
    refusal = shed(MessageClass.WORK, Overload.OVERLOADED)
    assert refusal is not None
    assert refusal.retry_after_seconds > 0.0
    assert refusal.reason == "overloaded: work is shed"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (CancelJob, MessageClass.CONTROL),
        (ProbeDatacenter, MessageClass.CONTROL),
        (WorkerResults, MessageClass.RESULTS),
        (SubmitJob, MessageClass.WORK),
        (WorkerProgress, MessageClass.PROGRESS),
        (Message, MessageClass.CONTROL),
    ],
)
def test_the_class_follows_from_the_type(kind: type[Message], expected: MessageClass) -> None:
    assert class_of(kind) is expected
