"""Managers die: another takes the job over from what workers say, or the rule for orphans holds."""

from __future__ import annotations

import pytest

from distributed.errors import PeerRefused
from distributed.manager.node import ManagerNode
from distributed.messages.dispatch import (
    Assignment,
    AssignWorkflows,
    DropJob,
    JobReport,
    QueryJob,
    StartJob,
)
from distributed.messages.job import Job
from distributed.types import Address

from .plane import Plane, workflow

pytestmark = pytest.mark.cluster


async def crash(plane: Plane, manager: ManagerNode) -> None:
    """The manager ends at once and tells nobody."""
    await manager.stop()
    await manager.state.supervisor.stop()


def bound(manager: ManagerNode) -> int:
    return sum(seat.slots.bound for seat in manager.state.seats.values())


async def test_a_successor_goes_on_with_what_runs_and_starts_the_rest(plane: Plane) -> None:
    """MW 41.10b, 52.1, 50.1; GM 13.3: running attempts are adopted, not run twice."""
    await plane.start(managers=2, workers=2, cores=1)
    workflows = [workflow("sleeping", f"s{n}", args={"seconds": 0.5}) for n in range(4)]
    await plane.run("j1", *workflows)
    first, second = plane.managers
    await plane.gate.until(lambda: bound(first) == 2)
    await crash(plane, first)
    await plane.run("j1", *workflows, manager=1, manager_epoch=2)
    assert (await plane.finished("j1")).state == "completed"
    results = plane.gate.recorded["j1"]
    assert len(results) == 4
    assert {result.attempt for result in results} == {1}
    assert bound(second) == 0


async def test_results_that_the_dead_manager_had_not_brought_home_arrive(plane: Plane) -> None:
    """GM 8.4a, MW 45.8: the worker keeps them until they are recorded."""
    await plane.start(managers=2)
    plane.gate.record = False
    await plane.run("j1", workflow("pid"))
    first = plane.managers[0]
    await plane.gate.until(lambda: any(len(r.outbox) for r in first.state.records.values()))
    await crash(plane, first)
    plane.gate.record = True
    await plane.run("j1", workflow("pid"), manager=1, manager_epoch=2)
    await plane.finished("j1")
    (result,) = plane.gate.recorded["j1"]
    assert result.attempt == 1


async def test_a_manager_that_was_replaced_can_cause_nothing_more(plane: Plane) -> None:
    """Invariant 2; MW 13.2a, 28.2, 41.3b, 57.1."""
    await plane.start(managers=2, workers=1, cores=1)
    workflows = [workflow("sleeping", f"s{n}", args={"seconds": 0.3}) for n in range(3)]
    await plane.run("j1", *workflows)
    first = plane.managers[0]
    await plane.gate.until(lambda: bound(first) == 1)
    await plane.run("j1", *workflows, manager=1, manager_epoch=2)
    await plane.finished("j1")
    results = plane.gate.recorded["j1"]
    assert sorted((result.workflow, result.attempt) for result in results) == [
        ("s0", 1),
        ("s1", 1),
        ("s2", 1),
    ]
    await plane.gate.until(lambda: "j1" not in first.state.records)


async def test_a_worker_refuses_a_lower_fence(plane: Plane) -> None:
    """MW 13.2a, 41.3b."""
    await plane.start(workers=1)
    address = Address(plane.workers[0].address)
    batch = Assignment("j9", 5, "d1", 1, workflow("sleeping", args={"seconds": 0}))
    pool = plane.managers[0].state.pool
    await pool.request(address, AssignWorkflows("m", "m:1", (batch,)), timeout=5.0)
    stale = Assignment("j9", 4, "d2", 2, workflow("sleeping", args={"seconds": 0}))
    taken = await pool.request(address, AssignWorkflows("n", "n:1", (stale,)), timeout=5.0)
    assert taken.refused == (("d2", "stale_fence"),)  # type: ignore[attr-defined]


async def test_a_new_owner_gate_learns_what_is_here_and_the_old_one_is_refused(
    plane: Plane,
) -> None:
    """GM 13.2, 16.1d, 41.3; the query raises the fence."""
    await plane.start(workers=1, cores=1)
    await plane.run("j1", workflow("sleeping", args={"seconds": 0.2}), workflow("empty"))
    address = str(plane.gate.listener.address)
    report = await plane.ask(QueryJob("j1", 7, "gate", address))
    assert isinstance(report, JobReport)
    assert report.known
    assert {name for name, _ in report.running} | set(report.waiting) == {"sleeping", "empty"}
    with pytest.raises(PeerRefused, match="stale_fence"):
        await plane.ask(DropJob("j1", 6))
    await plane.finished("j1")


async def test_a_job_nobody_knows_is_said_to_be_unknown_and_costs_nothing(plane: Plane) -> None:
    """Invariant 8; MW 22.2b."""
    await plane.start(workers=1)
    report = await plane.ask(QueryJob("nothing", 1, "gate", "x:1"))
    assert not report.known
    assert type(await plane.ask(DropJob("nothing", 1))).__name__ == "Gone"
    assert not plane.managers[0].state.records


async def test_an_orphan_runs_on_until_the_grace_is_over_and_then_says_so(plane: Plane) -> None:
    """MW 12.1a, c; 12.2a; 12.3."""
    await plane.start(
        workers=1,
        worker={
            "manager_lost_seconds": 0.2,
            "orphan_grace_seconds": 0.5,
            "orphan_result_seconds": 60.0,
        },
    )
    await plane.run("j1", workflow("sleeping", args={"seconds": 60}))
    worker = plane.workers[0]
    await plane.gate.until(lambda: worker.state.executor.free_slots == 1)
    await crash(plane, plane.managers[0])
    record = worker.state.records["j1"]
    await plane.gate.until(lambda: record.orphaned)
    assert record.attempts
    await plane.gate.until(lambda: not record.attempts)
    (result,) = record.outbox.everything()
    assert result.state == "cancelled"
    assert result.error.startswith("orphaned: manager m0 was gone")


async def test_a_manager_that_comes_within_the_grace_finds_everything(plane: Plane) -> None:
    """MW 12.2c, 28.2d."""
    await plane.start(workers=1, worker={"manager_lost_seconds": 0.2, "orphan_grace_seconds": 30.0})
    job = workflow("sleeping", args={"seconds": 1.0})
    await plane.run("j1", job)
    worker = plane.workers[0]
    await plane.gate.until(lambda: worker.state.executor.free_slots == 1)
    await crash(plane, plane.managers[0])
    await plane.gate.until(lambda: worker.state.records["j1"].orphaned)
    successor = await plane.add_manager("m9")
    worker.registration.introduce(successor.address)
    await plane.gate.until(lambda: "w0" in successor.state.seats)
    await plane.run("j1", job, manager=1, manager_epoch=2)
    await plane.finished("j1")
    (result,) = plane.gate.recorded["j1"]
    assert (result.state, result.attempt) == ("completed", 1)
    assert not worker.state.records["j1"].orphaned


async def test_starting_a_job_twice_runs_it_once(plane: Plane) -> None:
    """Invariant 2; MW 41.2e, 45.5."""
    await plane.start()
    for _ in range(3):
        await plane.run("j1", workflow("pid"))
    await plane.finished("j1")
    assert len(plane.gate.recorded["j1"]) == 1


async def test_workflows_moved_here_later_join_the_job(plane: Plane) -> None:
    """A gate may bring more of a job to a datacenter: another one failed."""
    await plane.start()
    both = (workflow("pid", "first"), workflow("pid", "second", after=("first",)))
    await plane.run("j1", *both, workflows=("first",))
    await plane.finished("j1")
    plane.gate.finished.clear()
    known = tuple(plane.gate.recorded["j1"])
    await plane.run("j1", *both, workflows=("second",), inputs=known)
    await plane.finished("j1")
    assert plane.gate.states("j1") == {"first": "completed", "second": "completed"}


async def test_what_the_gate_has_recorded_is_not_run_again(plane: Plane) -> None:
    """MW 41.28c: recorded results arrive as inputs and count as done."""
    await plane.start(managers=2)
    both = (workflow("pid", "first"), workflow("results_of", "second", after=("first",)))
    await plane.run("j1", *both, workflows=("first",))
    await plane.finished("j1")
    (first,) = plane.gate.recorded["j1"]
    plane.gate.finished.clear()
    await crash(plane, plane.managers[0])
    await plane.run("j1", *both, manager=1, manager_epoch=2, inputs=(first,))
    await plane.finished("j1")
    assert [result.workflow for result in plane.gate.recorded["j1"]] == ["first", "second"]


async def test_a_job_that_no_worker_is_wide_enough_for_is_refused(plane: Plane) -> None:
    """MW 2.2a."""
    await plane.start(workers=1, cores=2)
    message = StartJob(
        job_id="j1",
        epoch=1,
        manager_epoch=1,
        gate="gate",
        gate_address="x:1",
        job=Job(name="wide", workflows=(workflow("empty", cores=3),)),
    )
    with pytest.raises(PeerRefused, match="asks for 3 cores") as refusal:
        await plane.ask(message)
    assert refusal.value.code == "too_wide"
    assert not plane.managers[0].state.records


async def test_a_manager_that_slept_through_the_jobs_end_cannot_begin_it_again(
    plane: Plane,
) -> None:
    """GM 37.1; MW 52.3: the fence outlives the job at its workers for a while."""
    await plane.start(managers=2, workers=1)
    await plane.run("j1", workflow("empty"))
    await plane.finished("j1")
    plane.gate.finished.clear()
    await plane.run("j1", workflow("empty"), manager=1, manager_epoch=2)
    await plane.finished("j1")
    await plane.ask(DropJob("j1", 1), manager=1)
    worker = plane.workers[0]
    await plane.gate.until(lambda: worker.state.records["j1"].ended)
    late = Assignment("j1", plane.managers[0].state.records["j1"].fence, "d", 2, workflow("empty"))
    batch = AssignWorkflows("m0", plane.managers[0].address, (late,))
    pool = plane.managers[0].state.pool
    taken = await pool.request(Address(worker.address), batch, timeout=5.0)
    assert taken.refused == (("d", "stale_fence"),)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("epoch", "manager_epoch", "stays"), [(1, 1, True), (1, 2, False), (2, 1, False)]
)
async def test_a_manager_that_was_not_appointed_again_steps_aside(
    plane: Plane, epoch: int, manager_epoch: int, *, stays: bool
) -> None:
    """A later owner's appointment counts for more than any of an earlier one's."""
    await plane.start(workers=1)
    await plane.run("j1", workflow("sleeping", args={"seconds": 60}), manager_epoch=2)
    await plane.ask(DropJob("j1", epoch, manager_epoch))
    assert ("j1" in plane.managers[0].state.records) is stays
