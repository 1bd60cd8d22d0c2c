"""Who runs first, beside whom, and what a poisonous workflow may cost."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest

from .plane import Plane, workflow
from .test_worker_failure import crash, running_on

pytestmark = pytest.mark.cluster


async def test_a_small_job_does_not_wait_for_a_large_one(plane: Plane) -> None:
    """MW 43.5, 46.1, 56.1."""
    await plane.start(workers=1, cores=1)
    large = [workflow("sleeping", f"s{n}", args={"seconds": 0.02}) for n in range(200)]
    await plane.run("large", *large)
    await plane.run("small", workflow("sleeping", args={"seconds": 0.02}))
    await plane.finished("small")
    assert len(plane.gate.recorded.get("large", [])) < 100
    plane.gate.finished["large"] = plane.gate.finished["small"]


async def test_higher_priorities_of_a_job_run_first(plane: Plane) -> None:
    """MW 4.2b."""
    await plane.start(workers=1, cores=1)
    await plane.run(
        "j1",
        workflow("sleeping", "first", args={"seconds": 0.1}, priority=99),
        *[workflow("sleeping", f"p{n}", args={"seconds": 0.03}, priority=n) for n in range(4)],
    )
    await plane.finished("j1")
    order = [result.workflow for result in plane.gate.recorded["j1"]]
    assert order == ["first", "p3", "p2", "p1", "p0"]


async def test_an_exclusive_job_shares_no_worker(plane: Plane) -> None:
    """MW 4.4."""
    await plane.start(workers=2, cores=2, manager={"hold_after_seconds": 0.1})
    busy = [workflow("sleeping", f"s{n}", args={"seconds": 0.05}) for n in range(40)]
    await plane.run("busy", *busy)
    alone = [workflow("sleeping", f"x{n}", args={"seconds": 0.2}) for n in range(2)]
    await plane.run("alone", *alone, exclusive=True)
    seats = plane.managers[0].state.seats.values()

    def shared() -> bool:
        for seat in seats:
            holders = {binding.holder.job_id for binding in seat.slots.bindings}  # type: ignore[attr-defined]
            if "alone" in holders and len(holders) > 1:
                return True
        return False

    await plane.gate.until(lambda: shared() or "alone" in plane.gate.finished)
    assert not shared()
    await plane.finished("busy")
    assert all(seat.slots.hold is None for seat in seats)


async def test_a_wide_workflow_gets_its_cores_among_many_narrow_ones(plane: Plane) -> None:
    """MW 2.5c, 46.1."""
    await plane.start(workers=1, cores=2, manager={"hold_after_seconds": 0.1})
    narrow = [workflow("sleeping", f"n{n}", args={"seconds": 0.05}) for n in range(100)]
    await plane.run("narrow", *narrow)
    await plane.run("wide", workflow("sleeping", args={"seconds": 0.01}, cores=2))
    await plane.finished("wide")
    assert len(plane.gate.recorded.get("narrow", [])) < 60
    plane.gate.finished["narrow"] = plane.gate.finished["wide"]


async def test_a_workflow_under_which_workers_die_is_taken_for_the_cause(plane: Plane) -> None:
    """A poison workflow costs two workers, not all of them."""
    await plane.start(workers=3, cores=1, manager={"worker_lost_seconds": 0.3})
    await plane.run("j1", workflow("deaf", attempts=10))
    for _ in range(2):
        await plane.gate.until(lambda: any(running_on(plane, w) for w in plane.workers))
        (victim,) = [worker for worker in plane.workers if running_on(plane, worker)]
        await crash(plane, victim)
        seats, name = plane.managers[0].state.seats, victim.state.name
        await plane.gate.until(partial(missing, seats, name))
    await plane.finished("j1")
    (result,) = plane.gate.recorded["j1"]
    assert result.state == "failed"
    assert "2 workers died under it" in result.error


def missing(seats: Mapping[str, object], name: str) -> bool:
    return name not in seats


async def test_cores_that_run_never_exceed_cores(plane: Plane) -> None:
    """Invariant 9; MW 2.1, 28.1a."""
    await plane.start(workers=2, cores=2)
    await plane.run(
        "j1", *[workflow("sleeping", f"s{n}", args={"seconds": 0.01}) for n in range(80)]
    )
    await plane.run("j2", *[workflow("empty", f"e{n}") for n in range(300)])
    seats = list(plane.managers[0].state.seats.values())
    over = []

    def look() -> bool:
        over.extend(seat for seat in seats if seat.slots.bound > seat.slots.cores)
        return {"j1", "j2"} <= plane.gate.finished.keys()

    await plane.gate.until(look)
    assert not over
