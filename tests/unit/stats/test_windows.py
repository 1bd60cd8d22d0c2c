"""Windows by the job's own time: each addition lands in one window, once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.stats.sketch import LatencySketch
from distributed.stats.windows import JobWindows, Placed, WindowRules

RULES = WindowRules(width_seconds=1.0, drift_seconds=2.0, max_open=4, max_counters=2)


def add(
    windows: JobWindows, at: float, amount: float = 1.0, elapsed: float | None = None
) -> Placed:
    return windows.add(
        at, {"done": amount}, None, elapsed_seconds=at if elapsed is None else elapsed, source="w"
    )


@pytest.mark.parametrize(
    ("at", "index"), [(0.0, 0), (0.999, 0), (1.0, 1), (1.5, 1), (2.0, 2), (-0.5, 0)]
)
def test_a_boundary_belongs_to_one_window(at: float, index: int) -> None:
    """GM 21.3c."""
    windows = JobWindows(RULES)
    add(windows, at)
    assert [window.index for window in windows.flush(10.0)] == [index]


def test_a_window_closes_once_the_drift_has_passed() -> None:
    windows = JobWindows(RULES)
    add(windows, 0.5)
    assert windows.closed(2.9) == []
    (closed,) = windows.closed(3.0)
    assert (closed.started_seconds, closed.ended_seconds, closed.complete) == (0.0, 1.0, True)
    assert windows.closed(9.0) == []


def test_a_late_report_within_the_drift_still_counts() -> None:
    """MW 34.4c, GM 8.1c, 21.3b."""
    windows = JobWindows(RULES)
    add(windows, 0.5)
    assert add(windows, 0.6, elapsed=2.5) is Placed.COUNTED
    (closed,) = windows.closed(3.0)
    assert closed.counters == {"done": 2.0}
    assert closed.rate("done") == 2.0


def test_a_report_past_the_drift_is_counted_as_late_and_changes_no_window() -> None:
    """GM 8.1d, 8.4b, 21.4d."""
    windows = JobWindows(RULES)
    add(windows, 0.5)
    windows.closed(3.0)
    assert add(windows, 0.7, elapsed=3.1) is Placed.LATE
    assert windows.late == 1


def test_a_report_from_the_future_is_refused() -> None:
    """GM 24.2b: a jump of one host's clock loses no window of the others."""
    windows = JobWindows(RULES)
    assert add(windows, 500.0, elapsed=1.0) is Placed.AHEAD
    assert len(windows) == 0


def test_open_windows_and_counters_are_bounded() -> None:
    """MW 60.3, GM 8.4d, 21.1d, 29.1b."""
    windows = JobWindows(RULES)
    for second in range(10):
        add(windows, second + 0.5, elapsed=9.5)
    closed = windows.closed(0.0)
    assert len(windows) == RULES.max_open
    assert [window.complete for window in closed] == [False] * 6
    windows.add(9.5, {"a": 1.0, "b": 1.0, "c": 1.0}, None, elapsed_seconds=9.5)
    assert windows.counters_dropped == 2


def test_the_end_of_a_job_flushes_what_is_open() -> None:
    """MW 45.1."""
    windows = JobWindows(RULES)
    add(windows, 7.5)
    (last,) = windows.flush(7.6)
    assert not last.complete
    assert len(windows) == 0


def test_sketches_of_one_window_merge() -> None:
    """GM 8.1a, 8.1b: what several sources report of one window is one window."""
    windows = JobWindows(RULES)
    for value in (0.1, 0.3):
        sketch = LatencySketch()
        sketch.add(value)
        windows.add(0.5, {}, sketch, elapsed_seconds=0.5, source=str(value))
    (window,) = windows.flush(1.0)
    assert LatencySketch.from_bytes(window.sketch).count == 2
    assert window.sources == ("0.1", "0.3")


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 5)), max_size=40))
def test_every_addition_is_in_one_window_or_counted_as_late(
    additions: list[tuple[float, int]],
) -> None:
    """MW 45.1, 34.3b."""
    windows = JobWindows(RULES)
    told, late = [], 0
    for number, (at, amount) in enumerate(additions):
        late += amount if add(windows, at, amount, elapsed=at) is Placed.LATE else 0
        told += windows.closed(float(number))
    told += windows.flush(30.0)
    assert sum(w.counters["done"] for w in told) + late == sum(n for _, n in additions)
    assert len({w.index for w in told}) == len(told)
