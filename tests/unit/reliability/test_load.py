"""How loaded a node takes itself for."""

from __future__ import annotations

from distributed.clock import SystemClock
from distributed.reliability.load import Load
from distributed.reliability.overload import Overload


class HandClock(SystemClock):
    """Time as the test says."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds


def look(load: Load, clock: HandClock, late_seconds: float, times: int = 1) -> None:
    """Looks that are due a quarter of a second after the one before."""
    for _ in range(times):
        due = clock.seconds + 0.25
        clock.seconds = due + late_seconds
        load.looked(due)


def test_a_node_that_is_always_late_is_overloaded_and_recovers() -> None:
    """GM 4.1b, 4.1e, 4.1f."""
    clock = HandClock()
    load = Load(clock)
    look(load, clock, 0.0, times=40)
    assert load.level is Overload.HEALTHY
    look(load, clock, 2.5, times=3)
    assert load.level is Overload.OVERLOADED
    assert load.reason == "late by 2.500 s"
    look(load, clock, 0.0, times=60)
    assert load.level is Overload.HEALTHY


def test_a_node_that_stood_still_for_three_seconds_takes_work_at_once() -> None:
    clock = HandClock()
    load = Load(clock)
    look(load, clock, 0.0, times=40)
    look(load, clock, 3.0)
    assert load.level is Overload.HEALTHY


def test_a_node_that_is_busy_but_on_time_is_healthy() -> None:
    """GM 4.1c: a processor in full use is no overload while its work is done in time."""
    clock = HandClock()
    load = Load(clock)
    look(load, clock, 0.15, times=200)
    assert load.level is Overload.HEALTHY


def test_memory_counts_where_its_share_is_known() -> None:
    """GM 4.1d."""
    clock = HandClock()
    shares = [0.98, None, 0.2]
    load = Load(clock, memory=lambda: shares[0])
    look(load, clock, 0.0)
    assert load.level is Overload.OVERLOADED
    assert load.reason == "98% of its memory in use"
    shares.pop(0)
    look(load, clock, 0.0, times=60)
    assert load.level is Overload.HEALTHY
    shares.pop(0)
    look(load, clock, 0.0)
    assert load.level is Overload.HEALTHY
