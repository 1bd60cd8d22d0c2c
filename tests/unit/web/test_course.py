"""Runs and windows as they follow from what a gate shows."""

from __future__ import annotations

from distributed.messages.submission import JobEvent, JobView, WorkflowView
from distributed.web.course import quantile, runs_of, windows_of


def _view(*lines: WorkflowView) -> JobView:
    return JobView("j-1", "job", "running", "g", 1, 10.0, workflows=lines)


def _ended(name: str, at: float, ran: float, datacenter: str = "dc1") -> WorkflowView:
    return WorkflowView(name, "completed", datacenter, "w", 1, run_seconds=ran, taken_seconds=at)


def test_a_run_ends_when_its_result_was_taken_and_began_its_run_time_before() -> None:
    (run,) = runs_of(_view(_ended("a", 3.0, 2.0)), (), {})
    assert (run.start, run.end, run.sure) == (1.0, 3.0, True)


def test_a_lost_attempt_and_its_successor_are_two_bars() -> None:
    events = (
        JobEvent(1, "state", 0.0, {"state": "dispatched", "elapsed_seconds": 0.5}),
        JobEvent(
            2,
            "worker_lost",
            0.0,
            {
                "workflow": "a",
                "datacenter": "dc1",
                "worker": "w1",
                "attempt": 1,
                "elapsed_seconds": 4.0,
            },
        ),
        JobEvent(
            3,
            "retry",
            0.0,
            {
                "workflow": "a",
                "datacenter": "dc1",
                "worker": "w2",
                "attempt": 2,
                "elapsed_seconds": 5.0,
            },
        ),
    )
    lost, again = runs_of(_view(WorkflowView("a", "running", "dc1", "w2", 2)), events, {})
    assert (lost.state, lost.worker, lost.start, lost.end, lost.sure) == (
        "lost",
        "w1",
        0.5,
        4.0,
        False,
    )
    assert (again.start, again.end, again.sure) == (5.0, None, True)


def test_an_attempt_that_was_seen_running_has_a_sure_start() -> None:
    (run,) = runs_of(_view(WorkflowView("a", "running", "dc1", "w", 1)), (), {("a", "dc1", 1): 2.0})
    assert (run.start, run.sure) == (2.0, True)


def test_what_never_ran_has_no_bar() -> None:
    assert (
        runs_of(_view(WorkflowView("a", "pending"), WorkflowView("b", "cancelled")), (), {}) == ()
    )


def test_windows_count_each_run_once_by_datacenter() -> None:
    lines = [_ended(f"n{i}", 0.1 * i, 0.5, "north") for i in range(1, 21)]
    lines += [_ended(f"s{i}", 0.1 * i, 2.0, "south") for i in range(1, 11)]
    windows = windows_of(_view(*lines), 2.0)
    assert sum(w.ended for w in windows if w.datacenter == "north") == 20
    assert sum(w.ended for w in windows if w.datacenter == "south") == 10
    assert {w.p50 for w in windows if w.datacenter == "south"} == {2.0}


def test_a_long_job_has_wide_windows_and_few() -> None:
    lines = [_ended(f"w{i}", float(i), 1.0) for i in range(1, 3600, 7)]
    assert len(windows_of(_view(*lines), 3600.0)) <= 60


def test_quantiles_are_values_that_occurred() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([1.0], 0.99) == 1.0
    assert quantile([], 0.5) is None
    assert quantile([float(n) for n in range(1, 101)], 0.95) == 95.0
