"""Overload: by trend, by absolute bounds, by resources; shedding by class (GM 4.1, 4.2)."""

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
from distributed.reliability.shedding import MessageClass, Shedder, ShedRules, class_of


def fed(delay: float, count: int = 40, start: float = 0.0) -> OverloadDetector:
    detector = OverloadDetector()
    for number in range(count):
        detector.sample(delay, start + number * 0.1)
    return detector


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
    detector = fed(0.010)
    for number in range(10):
        detector.sample(step, 4.0 + number * 0.1)
    assert detector.level(5.0) is level


@pytest.mark.parametrize(
    ("delay", "level"),
    [(0.1, 0), (0.2, 1), (0.5, 2), (2.0, 3), (60.0, 3)],
)
def test_levels_by_absolute_delay(delay: float, level: int) -> None:
    """GM 4.1b."""
    assert fed(delay).level(4.0) == level


@pytest.mark.parametrize(
    ("cpu", "memory", "level"),
    [(0.5, 0.5, 0), (0.85, 0.1, 1), (0.1, 0.92, 2), (0.99, 0.1, 3)],
)
def test_levels_by_resources(cpu: float, memory: float, level: int) -> None:
    """GM 4.1c, 4.1d."""
    detector = OverloadDetector()
    detector.resources(cpu, memory, 0.0)
    assert detector.level(1.0) == level
    assert detector.level(11.0) == 0


def test_reading_does_not_advance_hysteresis() -> None:
    detector = OverloadDetector()
    detector.resources(0.99, 0.0, 0.0)
    detector.resources(0.10, 0.0, 0.1)
    for _ in range(100):
        assert detector.level(0.2) is Overload.OVERLOADED
    assert detector.level(5.2) is Overload.HEALTHY


def test_it_falls_by_itself_when_nothing_more_is_measured() -> None:
    """GM 4.1f."""
    detector = fed(5.0)
    assert detector.level(4.0) is Overload.OVERLOADED
    assert detector.level(60.0) is Overload.HEALTHY


def test_a_short_relief_is_not_believed() -> None:
    """MW 48.3, 59.6."""
    detector = fed(5.0)
    for number in range(10):
        detector.sample(0.001, 4.0 + number * 0.01)
    assert detector.level(4.2) is Overload.OVERLOADED
    assert detector.level(9.5) is Overload.HEALTHY


def test_noise_of_fast_work_is_no_trend() -> None:
    detector = fed(0.0001)
    for number in range(10):
        detector.sample(0.004, 4.0 + number * 0.1)
    assert detector.level(5.0) is Overload.HEALTHY


def test_the_reason_names_what_was_found() -> None:
    assert "mean delay 5.000 s" in fed(5.0).reason(4.0)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5)), max_size=60))
def test_no_history_keeps_it_overloaded_for_ever(samples: list[tuple[float, float]]) -> None:
    detector = OverloadDetector(OverloadRules())
    now = 0.0
    for delay, gap in samples:
        now += gap
        detector.sample(delay, now)
    assert detector.level(now + 100.0) is Overload.HEALTHY


@pytest.mark.parametrize(
    ("level", "shed"),
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
def test_statistics_go_first_and_control_never(level: Overload, shed: set[MessageClass]) -> None:
    """GM 4.2a, 4.2b, 4.2c, 41.9d."""
    shedder = Shedder()
    refused = {kind for kind in MessageClass if shedder.admit(kind, level) is not None}
    assert refused == shed


def test_a_refusal_says_when_to_try_again() -> None:
    """GM 4.2d."""
    shed = Shedder().admit(MessageClass.WORK, Overload.OVERLOADED)
    assert shed is not None
    assert shed.retry_after_seconds > 0.0
    assert "work is shed" in shed.reason


def test_no_class_fills_the_room_of_another() -> None:
    """GM 41.30a, 41.30b, 41.30e."""
    shedder = Shedder(ShedRules(results=5, work=5, progress=5, statistics=5))
    for _ in range(50):
        shedder.admit(MessageClass.PROGRESS, Overload.HEALTHY)
    assert shedder.in_flight(MessageClass.PROGRESS) == 5
    assert shedder.admit(MessageClass.RESULTS, Overload.HEALTHY) is None
    assert all(shedder.admit(MessageClass.CONTROL, Overload.OVERLOADED) is None for _ in range(99))
    shedder.done(MessageClass.PROGRESS)
    assert shedder.admit(MessageClass.PROGRESS, Overload.HEALTHY) is None


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
