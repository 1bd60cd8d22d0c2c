"""Workers die, refuse, drain, fall silent and come back: no result is lost, none counts twice."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

import pytest

from distributed.messages.admin import DrainNode
from distributed.types import Address
from distributed.worker.node import WorkerNode

from .plane import Plane, workflow

pytestmark = pytest.mark.cluster


async def crash(plane: Plane, worker: WorkerNode) -> None:
    """Everything of the worker ends at once, without a word; its children too."""
    worker.state.records.clear()
    await worker.state.pool.close()
    for pid in worker.state.executor.processes:  # type: ignore[attr-defined]
        os.killpg(pid, signal.SIGKILL)
    await worker.stop()
    await worker.state.supervisor.stop()
    plane.workers.remove(worker)


def running_on(plane: Plane, worker: WorkerNode) -> bool:
    """Whether it runs something, and the manager knows."""
    seat = plane.managers[0].state.seats.get(worker.state.name)
    if seat is None or worker.state.executor.free_slots == worker.state.executor.slots:
        return False
    return any(binding.tag.state == "running" for binding in seat.slots.bindings)  # type: ignore[attr-defined]


async def test_what_a_dead_worker_had_runs_again_elsewhere(plane: Plane) -> None:
    """MW 6.1, 41.2b; GM 28.1b."""
    await plane.start(manager={"worker_lost_seconds": 0.5})
    await plane.run("j1", *[workflow("sleeping", f"s{n}", args={"seconds": 1}) for n in range(4)])
    victim = plane.workers[0]
    await plane.gate.until(lambda: running_on(plane, victim))
    await crash(plane, victim)
    assert (await plane.finished("j1")).state == "completed"
    results = plane.gate.recorded["j1"]
    assert len(results) == 4
    assert {result.worker for result in results} == {"w1"}
    assert sorted(result.attempt for result in results) == [1, 1, 2, 2]


async def test_a_worker_of_another_datacenter_is_refused_and_says_so_once(
    plane: Plane, caplog: pytest.LogCaptureFixture
) -> None:
    await plane.start(workers=1)
    with caplog.at_level(logging.WARNING):
        stray = await plane.add_worker("stray", datacenter="dc2")
        refused = plane.managers[0].state.metrics
        await plane.gate.until(lambda: refused.total("messages_refused") >= 3)  # type: ignore[attr-defined]
    said = [record.getMessage() for record in caplog.records if "refuses" in record.getMessage()]
    assert said == [
        "the manager refuses this worker: RegisterWorker is not taken from a worker of dc2 here"
    ]
    assert set(plane.managers[0].state.seats) == {"w0"}
    assert stray.state.records == {}


async def test_a_stop_goes_on_past_a_job_that_cannot_be_dropped(
    plane: Plane, caplog: pytest.LogCaptureFixture
) -> None:
    await plane.start(workers=1)
    await plane.run("j1", workflow("sleeping", args={"seconds": 60}))
    worker = plane.workers[0]
    await plane.gate.until(lambda: running_on(plane, worker))
    pids = worker.state.executor.processes  # type: ignore[attr-defined]

    def drop(*_args: object) -> None:
        raise RuntimeError("cannot be dropped")

    worker.state.drop = drop  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        await worker.stop()
    assert "a job failed while closing: cannot be dropped" in caplog.text
    assert pids
    assert worker.state.executor.processes == ()  # type: ignore[attr-defined]


async def test_a_crashing_child_costs_an_attempt_and_the_last_one_fails(plane: Plane) -> None:
    """MW 41.8b, c, 45.3."""
    await plane.start(workers=1)
    await plane.run("j1", workflow("leaving", args={"status": 3}, attempts=2))
    assert (await plane.finished("j1")).state == "failed"
    (result,) = plane.gate.recorded["j1"]
    assert result.attempt == 2
    assert "exited with status 3" in result.error
    assert "every attempt of 'leaving' is used" in result.error


async def test_the_jobs_retry_budget_bounds_all_its_workflows(plane: Plane) -> None:
    """MW 41.8a, 49.1, 53.9."""
    await plane.start(workers=1, cores=1)
    crashing = [workflow("leaving", f"w{n}", args={"status": 3}, attempts=9) for n in range(4)]
    await plane.run("j1", *crashing, retry_budget=3)
    await plane.finished("j1")
    results = plane.gate.recorded["j1"]
    assert sum(result.attempt for result in results) == 4 + 3
    assert any("retry budget" in result.error for result in results)


async def test_a_worker_that_restarts_is_a_new_one(plane: Plane) -> None:
    """MW 1.1d, 54.8; GM 37.1: what its former life had runs again, without waiting."""
    await plane.start(workers=1, manager={"worker_lost_seconds": 60.0})
    await plane.run("j1", workflow("sleeping", args={"seconds": 0.3}))
    victim = plane.workers[0]
    await plane.gate.until(lambda: running_on(plane, victim))
    await crash(plane, victim)
    again = await plane.add_worker("w0", cores=2, instance="second")
    assert (await plane.finished("j1")).state == "completed"
    assert plane.gate.recorded["j1"][0].attempt == 2
    assert plane.managers[0].state.seats["w0"].slots.instance == again.state.identity.instance


async def test_a_draining_worker_finishes_what_it_has_and_gets_nothing_new(plane: Plane) -> None:
    """MW 56.2, 40.3."""
    await plane.start()
    await plane.run("j1", *[workflow("sleeping", f"s{n}", args={"seconds": 0.3}) for n in range(2)])
    drained = plane.workers[0]
    await plane.gate.until(lambda: running_on(plane, drained))
    await plane.gate.pool.request(Address(drained.address), DrainNode(), timeout=5.0)
    await plane.run("j2", *[workflow("empty", f"e{n}") for n in range(20)])
    await plane.finished("j1")
    await plane.finished("j2")
    assert drained.state.name in {result.worker for result in plane.gate.recorded["j1"]}
    assert {result.worker for result in plane.gate.recorded["j2"]} == {"w1"}
    assert await drained.drain(5.0)


async def test_a_refused_dispatch_goes_elsewhere_and_costs_no_attempt(plane: Plane) -> None:
    """MW 3.4c, 3.5b, 20.1b."""
    await plane.start()
    plane.workers[0].state.memory_level = "overloaded"
    await plane.run("j1", *[workflow("empty", f"e{n}") for n in range(20)])
    await plane.finished("j1")
    assert {result.worker for result in plane.gate.recorded["j1"]} == {"w1"}
    assert {result.attempt for result in plane.gate.recorded["j1"]} == {1}


async def test_a_worker_that_does_not_acknowledge_loses_the_work(plane: Plane) -> None:
    """MW 6.2, 20.1a, 3.5a."""
    await plane.start(manager={"assign_seconds": 0.1, "assign_attempts": 2})
    deaf = plane.workers[0]
    stuck = asyncio.Event()

    async def silent(*_: object) -> None:
        await stuck.wait()

    plane.managers[0].state.seats["w0"].address = await deafen(plane, silent)
    await plane.run("j1", *[workflow("empty", f"e{n}") for n in range(8)])
    assert (await plane.finished("j1")).state == "completed"
    assert {result.worker for result in plane.gate.recorded["j1"]} == {"w1"}
    assert len(plane.gate.recorded["j1"]) == 8
    stuck.set()
    assert deaf.state.attempts == 0


async def deafen(plane: Plane, service: object) -> Address:
    """An address that takes assignments and never answers."""
    from distributed.messages.dispatch import AssignWorkflows

    process = plane.gate.process
    handlers = {AssignWorkflows: service}
    listener = await process.transport.listen(
        Address("127.0.0.1:0"),
        handlers,  # type: ignore[arg-type]
        process.identity,
    )
    plane.closing.append(listener)
    return listener.address


async def test_results_wait_for_a_gate_that_does_not_record(plane: Plane) -> None:
    """MW 10.2b, 6.3: each hop keeps what the next has not recorded."""
    await plane.start(manager={"resend_seconds": 0.2})
    plane.gate.record = False
    await plane.run("j1", workflow("add", args={"a": 1, "b": 2}))
    await plane.gate.until(lambda: any(len(r.outbox) for r in records(plane)))
    assert any(len(record.outbox) for worker in plane.workers for record in worker_records(worker))
    plane.gate.record = True
    await plane.finished("j1")
    await plane.gate.until(
        lambda: not any(len(r.outbox) for w in plane.workers for r in worker_records(w))
    )
    assert len(plane.gate.recorded["j1"]) == 1


async def test_a_manager_that_keeps_too_much_has_workers_keep_their_results(plane: Plane) -> None:
    """Refused with a hint, kept below, and delivered once the gate records again."""
    await plane.start(manager={"resend_seconds": 0.2, "undelivered_bytes": 0})
    plane.gate.record = False
    await plane.run("j1", workflow("add", args={"a": 1, "b": 2}))
    await plane.gate.until(lambda: plane.managers[0].state.overfull)
    await plane.run("j2", workflow("add", args={"a": 3, "b": 4}))
    worker = next(w for w in plane.workers)
    await plane.gate.until(
        lambda: any(w.state.metrics.total("result_deliveries_failed") for w in plane.workers)
    )
    assert [len(record.outbox) for record in records(plane)] == [1, 0]
    assert worker.state.records
    plane.gate.record = True
    await plane.finished("j1")
    await plane.finished("j2")
    assert plane.gate.states("j2") == {"add": "completed"}


def records(plane: Plane) -> list:  # type: ignore[type-arg]
    return list(plane.managers[0].state.records.values())


def worker_records(worker: WorkerNode) -> list:  # type: ignore[type-arg]
    return list(worker.state.records.values())
