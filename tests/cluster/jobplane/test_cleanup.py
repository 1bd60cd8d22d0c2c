"""However a job ends, nothing that belonged to it stays on the manager or a worker."""

from __future__ import annotations

import asyncio
import gc

import pytest

from distributed.jobs.fairness import JobLine
from distributed.manager.record import Entry
from distributed.manager.record import JobRecord as ManagerRecord
from distributed.messages.cancel import CancelInDatacenter
from distributed.messages.dispatch import DropJob
from distributed.worker.record import AttemptRecord
from distributed.worker.record import JobRecord as WorkerRecord

from .plane import Plane, workflow

pytestmark = pytest.mark.cluster
OF_A_JOB = (ManagerRecord, Entry, JobLine, WorkerRecord, AttemptRecord)


async def completed(plane: Plane, job: str) -> None:
    await plane.run(job, *[workflow("measuring", f"m{n}", args={"times": 3}) for n in range(3)])
    await plane.finished(job)


async def failed(plane: Plane, job: str) -> None:
    await plane.run(job, workflow("raising"), workflow("empty", after=("raising",)))
    await plane.finished(job)


async def lost(plane: Plane, job: str) -> None:
    await plane.run(job, workflow("leaving", args={"status": 1}, attempts=2))
    await plane.finished(job)


async def cancelled_while_it_waits(plane: Plane, job: str) -> None:
    await plane.run(job, *[workflow("sleeping", f"s{n}", args={"seconds": 5}) for n in range(9)])
    await plane.ask(CancelInDatacenter(job, 1, (), "enough", 0.0))
    await plane.finished(job)


async def cancelled_while_it_runs(plane: Plane, job: str) -> None:
    await plane.run(job, workflow("polite_coroutine"))
    await plane.gate.until(lambda: any(job in worker.state.records for worker in plane.workers))
    await plane.ask(CancelInDatacenter(job, 1, (), "enough", 0.5))
    await plane.finished(job)


async def timed_out(plane: Plane, job: str) -> None:
    await plane.run(job, workflow("sleeping", args={"seconds": 5}), remaining_seconds=0.1)
    await plane.finished(job)


async def timed_out_alone(plane: Plane, job: str) -> None:
    await plane.run(job, workflow("sleeping", args={"seconds": 5}, timeout_seconds=0.1))
    await plane.finished(job)


async def dropped_while_it_runs(plane: Plane, job: str) -> None:
    await plane.run(job, *[workflow("sleeping", f"s{n}", args={"seconds": 5}) for n in range(5)])


async def dropped_at_once(plane: Plane, job: str) -> None:
    await plane.run(job, *[workflow("empty", f"e{n}") for n in range(50)])


WAYS = (
    completed,
    failed,
    lost,
    cancelled_while_it_waits,
    cancelled_while_it_runs,
    timed_out,
    timed_out_alone,
    dropped_while_it_runs,
    dropped_at_once,
)


def left() -> list[object]:
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, OF_A_JOB)]


async def test_nothing_is_left_of_jobs_that_ended_in_every_way(plane: Plane) -> None:
    """Invariant 8; GM 10.3; MW 28.3d; earlier-job-plane 2.15."""
    before = len(left())
    await plane.start(workers=2, cores=2)
    for round_number in range(3):
        for way in WAYS:
            job = f"{way.__name__}-{round_number}"
            await way(plane, job)
            await plane.ask(DropJob(job, 1))
    manager = plane.managers[0].state
    await plane.gate.until(lambda: not any(worker.state.records for worker in plane.workers))
    await plane.gate.until(
        lambda: all(w.state.executor.free_slots == w.state.executor.slots for w in plane.workers)
    )
    assert not manager.records
    assert not len(manager.queue)
    assert not len(manager.timers)
    assert all(not len(seat.slots) for seat in manager.seats.values())
    assert all(not len(worker.state.timers) for worker in plane.workers)
    assert all(worker.state.attempts == 0 for worker in plane.workers)
    for _ in range(100):
        if len(left()) <= before:
            break
        await asyncio.sleep(0.05)
    assert len(left()) <= before, left()
