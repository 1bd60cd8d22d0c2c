"""Cancelling lists what became of each workflow; timeouts end what makes no progress."""

from __future__ import annotations

import pytest

from distributed.messages.cancel import CancelInDatacenter, CancelOutcome
from distributed.worker import cancellation as worker_cancellation

from .plane import Plane, workflow

pytestmark = pytest.mark.cluster
PATIENT = {"cancel_margin_seconds": 25.0}
"""A machine may stand still for a while: then nobody is taken for silent."""


@pytest.fixture(autouse=True)
def patient_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_cancellation, "FORCE_MARGIN_SECONDS", 20.0)


def started(plane: Plane, count: int) -> bool:
    return sum(seat.slots.bound for seat in plane.managers[0].state.seats.values()) == count


async def cancel(plane: Plane, *names: str, grace: float = 0.2) -> dict[str, str]:
    outcome = await plane.ask(CancelInDatacenter("j1", 1, names, "enough", grace))
    assert isinstance(outcome, CancelOutcome)
    return dict(outcome.outcomes)


async def test_what_waits_what_runs_and_what_is_over(plane: Plane) -> None:
    """MW 14.1, 14.2, 14.3; GM 18.1, 25.1b."""
    await plane.start(workers=1, cores=1, manager=PATIENT)
    await plane.run(
        "j1",
        workflow("empty", "over", priority=5),
        workflow("deaf", "runs"),
        workflow("empty", "waits", after=("runs",)),
    )
    await plane.gate.until(lambda: plane.gate.states("j1") == {"over": "completed"})
    await plane.gate.until(lambda: started(plane, 1))
    assert await cancel(plane) == {"over": "finished", "runs": "cancelled", "waits": "cancelled"}
    finished = await plane.finished("j1")
    assert finished.state == "cancelled"
    assert plane.gate.states("j1") == {
        "over": "completed",
        "runs": "cancelled",
        "waits": "cancelled",
    }


async def test_one_workflow_and_what_depends_on_it(plane: Plane) -> None:
    """GM 18.2."""
    await plane.start(workers=1, cores=2, manager=PATIENT)
    await plane.run(
        "j1",
        workflow("deaf", "bad"),
        workflow("empty", "after bad", after=("bad",)),
        workflow("sleeping", "good", args={"seconds": 0.3}),
    )
    await plane.gate.until(lambda: started(plane, 2))
    assert await cancel(plane, "bad") == {"bad": "cancelled", "after bad": "cancelled"}
    await plane.finished("j1")
    assert plane.gate.states("j1")["good"] == "completed"


async def test_cancelling_twice_says_the_same(plane: Plane) -> None:
    """MW 56.7, 54.10."""
    await plane.start(workers=1, manager=PATIENT)
    await plane.run("j1", workflow("deaf"))
    await plane.gate.until(lambda: started(plane, 1))
    assert await cancel(plane) == {"deaf": "cancelled"}
    assert await cancel(plane) == {"deaf": "finished"}
    await plane.finished("j1")
    assert len(plane.gate.recorded["j1"]) == 1


async def test_a_worker_that_cannot_be_asked_leaves_its_work_unreachable(plane: Plane) -> None:
    """MW 14.4; invariant 5: not said to be cancelled until it is known."""
    await plane.start(workers=1, manager={"cancel_margin_seconds": 0.1})
    await plane.run("j1", workflow("sleeping", args={"seconds": 0.5}))
    await plane.gate.until(lambda: started(plane, 1))
    plane.managers[0].state.seats["w0"].address = "127.0.0.1:9"  # type: ignore[assignment]
    assert await cancel(plane) == {"sleeping": "unreachable"}
    await plane.finished("j1")
    assert plane.gate.states("j1") == {"sleeping": "completed"}


async def test_an_attempt_without_progress_times_out(plane: Plane) -> None:
    """MW 41.22b; GM 11.1a."""
    await plane.start(workers=1)
    await plane.run("j1", workflow("deaf", timeout_seconds=0.2))
    await plane.finished("j1")
    (result,) = plane.gate.recorded["j1"]
    assert result.state == "timed_out"
    assert result.error.startswith("timed out after 0.2 s")


async def test_proven_progress_extends_the_timeout(plane: Plane) -> None:
    """MW 19.1, 19.2, 41.22a; GM 7.1b."""
    await plane.start(workers=1)
    plane.gate.grant_seconds = 5.0
    await plane.run("j1", workflow("steady", args={"steps": 12}, timeout_seconds=0.3))
    await plane.finished("j1")
    assert plane.gate.states("j1") == {"steady": "completed"}


async def test_an_extension_that_is_refused_ends_the_attempt(plane: Plane) -> None:
    """MW 31.2c, 41.22c, e."""
    await plane.start(workers=1)
    await plane.run("j1", workflow("steady", args={"steps": 100}, timeout_seconds=0.3))
    await plane.finished("j1")
    assert plane.gate.states("j1") == {"steady": "timed_out"}


async def test_the_jobs_deadline_ends_everything(plane: Plane) -> None:
    """GM 11.2; MW 41.8e: what completed before stays."""
    await plane.start(workers=1, cores=1)
    await plane.run(
        "j1",
        workflow("empty", "quick", priority=5),
        workflow("deaf", "runs"),
        workflow("empty", "waits", after=("runs",)),
        remaining_seconds=0.6,
    )
    assert (await plane.finished("j1")).state == "timed_out"
    assert plane.gate.states("j1") == {
        "quick": "completed",
        "runs": "timed_out",
        "waits": "timed_out",
    }
