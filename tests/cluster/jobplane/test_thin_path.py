"""A job goes from a gate through a manager to workers, and its results come back."""

from __future__ import annotations

import msgspec
import pytest

from distributed.messages.dispatch import DropJob

from .plane import Plane, workflow

pytestmark = pytest.mark.cluster


async def test_a_job_of_one_workflow_comes_back_with_its_value(plane: Plane) -> None:
    """MW 3.1, 3.4, 8.1, 8.5c."""
    await plane.start()
    await plane.run("j1", workflow("add", args={"a": 2, "b": 3}))
    finished = await plane.finished("j1")
    assert finished.state == "completed"
    (result,) = plane.gate.recorded["j1"]
    assert msgspec.msgpack.decode(result.value) == 5
    assert (result.attempt, result.datacenter) == (1, "dc1")


async def test_dependants_start_after_what_they_need_and_receive_it(plane: Plane) -> None:
    """MW 41.11."""
    await plane.start()
    await plane.run(
        "j1",
        workflow("results_of", "last", after=("left", "right")),
        workflow("add", "left", args={"a": 1, "b": 1}),
        workflow("add_later", "right", args={"a": 2, "b": 2}, after=("left",)),
    )
    await plane.finished("j1")
    values = {r.workflow: msgspec.msgpack.decode(r.value) for r in plane.gate.recorded["j1"]}
    assert values == {"left": 2, "right": 4, "last": {"left": 2, "right": 4}}


async def test_a_raising_workflow_ends_what_needs_it_and_nothing_else(plane: Plane) -> None:
    await plane.start()
    await plane.run(
        "j1",
        workflow("raising"),
        workflow("empty", "needs it", after=("raising",)),
        workflow("empty", "needs that", after=("needs it",)),
        workflow("empty", "free"),
    )
    finished = await plane.finished("j1")
    assert (finished.state, finished.reason) == ("failed", "1 of 4 workflows failed")
    assert plane.gate.states("j1") == {
        "raising": "failed",
        "needs it": "cancelled",
        "needs that": "cancelled",
        "free": "completed",
    }
    (raised,) = [r for r in plane.gate.recorded["j1"] if r.workflow == "raising"]
    assert "ValueError: as asked" in raised.traceback


async def test_nothing_of_a_dropped_job_stays_anywhere(plane: Plane) -> None:
    """Invariant 8; MW 1.3c, 8.5b."""
    await plane.start()
    await plane.run("j1", *[workflow("empty", f"w{n}") for n in range(50)])
    await plane.finished("j1")
    await plane.ask(DropJob("j1", 1))
    await plane.gate.until(lambda: not any(worker.state.records for worker in plane.workers))
    assert not plane.managers[0].state.records
    assert all(len(seat.slots) == 0 for seat in plane.managers[0].state.seats.values())
    assert plane.managers[0].state.allocation.free == 4


async def test_progress_counters_and_latency_reach_the_gate_whole(plane: Plane) -> None:
    """MW 11.3a-b, 9.4; GM 8.3; invariant 6: a short job's one window is flushed at its end."""
    await plane.start()
    await plane.run("j1", *[workflow("measuring", f"m{n}", args={"times": 100}) for n in range(4)])
    await plane.finished("j1")
    last = plane.gate.progress[-1].totals
    assert last.reports == 400
    assert last.rate in range(1, 401), "a whole number of reports in a window of one second"
    assert last.p50 == pytest.approx(0.0495, rel=0.05)
    assert sum(result.counters["reports"] for result in plane.gate.recorded["j1"]) == 400


async def test_captured_output_reaches_the_gate(plane: Plane) -> None:
    await plane.start()
    await plane.run("j1", workflow("talking"))
    await plane.finished("j1")
    await plane.gate.until(lambda: any("to stdout" in log.lines for log in plane.gate.logs))
