"""Results on their way in: early, many at once, from several datacenters, for nobody."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import msgspec
import pytest

from distributed.errors import JobFailed
from distributed.messages.dispatch import JobStarted, StartJob
from distributed.messages.progress import AttemptProgress, JobProgress
from distributed.messages.results import ResultsRecorded
from distributed.messages.submission import DatacenterProgress

from .world import GateWorld, ScriptedManager, job

REPLICATED = {"datacenters": ("eu", "us"), "count": 2, "mode": "replicate"}


async def test_results_that_come_before_the_acknowledgement_of_their_dispatch_count_once(
    world: GateWorld,
) -> None:
    """GM 28.1d: the manager is done before it says that it has begun."""
    manager = await world.manager()
    replies: list[object] = []

    async def early(_context: object, message: StartJob) -> JobStarted:
        manager.started.append(message)
        replies.append(await manager.send(message, [manager.result("a")]))
        replies.append(await manager.send(message, [manager.result("a")]))
        return JobStarted(message.job_id)

    manager._start = early  # type: ignore[method-assign]
    await manager.listener.close()
    await manager.start(manager.address)
    gate = await world.gate()
    handle = await world.client().submit(job("a"))
    outcome = await handle.result()
    assert outcome.values() == {"a": "a!"}
    await world.until(lambda: len(replies) == 2)
    assert isinstance(replies[0], ResultsRecorded)
    assert len(manager.started) == 1
    states = [e.kind for e in (await handle.history()).events]
    assert "takeover" not in states
    assert gate.state.records == {}
    assert len(gate.managers.knowledge.router.reservations) == 0


async def test_a_manager_is_told_that_a_job_ended_once_and_not_before_that_is_durable(
    world: GateWorld,
) -> None:
    """If the gate died before, the manager would be all that knows the results."""
    manager = await world.manager()
    commits = asyncio.Event()

    async def early(_context: object, message: StartJob) -> JobStarted:
        await world.until(lambda: gate.state.records[message.job_id].created)
        engine.write = slow
        manager.parts.supervisor.spawn("send", lambda: manager.complete(message))
        await world.until(lambda: gate.state.records[message.job_id].ending)
        return JobStarted(message.job_id)

    async def slow(work: Any) -> Any:
        await commits.wait()
        return await write(work)

    manager._start = early  # type: ignore[method-assign]
    await manager.listener.close()
    await manager.start(manager.address)
    gate = await world.gate()
    engine: Any = gate.state.ledger._engine  # type: ignore[attr-defined]
    write = engine.write
    handle = await world.client().submit(job("a"))
    await world.until(
        lambda: any(run.started for run in gate.state.records[handle.id].runs.values())
    )
    await asyncio.sleep(0.05)
    dropped_before = list(manager.dropped)
    commits.set()
    assert (await handle.result()).values() == {"a": "a!"}
    await world.until(lambda: bool(manager.dropped))
    assert dropped_before == []
    assert [message.job_id for message in manager.dropped] == [handle.id]


async def test_a_job_waits_for_its_last_datacenter_and_loses_nothing_that_comes_meanwhile(
    world: GateWorld,
) -> None:
    """GM 9.2b, 22.3d: each result alone, all in one instant, while others are being written."""
    eu, us = await world.manager("m-eu", "eu"), await world.manager("m-us", "us")
    gate = await world.gate()
    eu.run = us.run = None
    names = [f"w{n}" for n in range(30)]
    handle = await world.client().submit(job(*names, placement=REPLICATED))
    await world.until(lambda: bool(eu.started and us.started))
    await asyncio.gather(
        *(eu.send(eu.started[0], [eu.result(name)]) for name in names),
        *(us.send(us.started[0], [us.result(name)]) for name in names[:-1]),
    )
    assert (await handle.show()).state == "running"
    assert handle.id in gate.state.records
    await us.send(us.started[0], [us.result(names[-1])])
    outcome = await handle.result()
    assert outcome.values() == {name: {"eu": f"{name}!", "us": f"{name}!"} for name in names}


async def test_what_failed_in_each_datacenter_is_in_the_one_answer(world: GateWorld) -> None:
    """GM 10.2c: errors are merged into the reason, and each is kept with its result."""
    for name in ("eu", "us"):
        failing(await world.manager(f"m-{name}", name))
    await world.gate()
    handle = await world.client().submit(job("a", placement=REPLICATED))
    with pytest.raises(JobFailed, match=r"no luck in eu.*no luck in us"):
        await handle.result()
    outcome = await handle.result(check=False)
    assert [(r.datacenter, r.error) for r in outcome.workflows] == [
        ("eu", "no luck in eu"),
        ("us", "no luck in us"),
    ]


async def test_a_result_that_is_refused_is_logged_with_its_job_workflow_and_datacenter(
    world: GateWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """GM 9.1d."""
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    with caplog.at_level(logging.WARNING):
        await manager.send(manager.started[0], [manager.result("stranger")])
    (line,) = [r for r in caplog.records if "cannot be" in r.getMessage()]
    assert line.job == handle.id  # type: ignore[attr-defined]
    assert "eu" in line.getMessage()
    assert "'stranger'" in line.getMessage()
    assert gate.state.metrics.total("results_refused") == 1  # type: ignore[attr-defined]
    await manager.complete(manager.started[0])
    assert (await handle.result())["a"] == "a!"


async def test_reports_of_progress_leave_nothing_but_the_newest(world: GateWorld) -> None:
    """GM 8.4c, 23.1d: a thousand for an open job, a thousand for one that nobody knows."""
    before = {id(o) for o in held()}
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a"), watch=False)
    await world.recorded(gate, handle.id)
    connection = await manager.pool.connection(gate.state.address)
    for sequence in range(1, 1001):
        for job_id in (handle.id, "j-nobody-s"):
            await connection.send(report(job_id, sequence))
    metrics = gate.state.metrics
    await world.until(lambda: metrics.total("progress_gone") == 1000)  # type: ignore[attr-defined]
    assert list(gate.state.records) == [handle.id]
    kept = [o for o in held() if id(o) not in before]
    assert [entry.sequence for entry in kept if isinstance(entry, AttemptProgress)] == [1000]
    assert len(kept) <= 2


async def test_values_of_all_open_jobs_together_are_bounded_and_none_is_lost(
    world: GateWorld,
) -> None:
    """What is over the bound is in the ledger alone, and comes from there."""
    manager = await world.manager()
    gate = await world.gate(all_held_value_bytes=2500)
    manager.run = None
    client = world.client()
    handles = [await client.submit(job("a", "b")) for _ in range(4)]
    await world.until(lambda: len(manager.started) == 4)
    value = msgspec.msgpack.encode("x" * 997)
    for started in manager.started:
        await manager.send(started, [manager.result("a", value=value)])
    records = [gate.state.records[handle.id] for handle in handles]
    assert [record.held_bytes for record in records] == [1000, 1000, 0, 0]
    assert gate.state.held_bytes == 2000
    for started in manager.started:
        await manager.send(started, [manager.result("b")])
    for handle in handles:
        assert (await handle.result()).values() == {"a": "x" * 997, "b": "b!"}
    await world.until(lambda: not gate.state.records)
    assert gate.state.held_bytes == 0


def held() -> list[JobProgress | AttemptProgress]:
    """Every report that this process holds."""
    gc.collect()
    return [o for o in gc.get_objects() if isinstance(o, JobProgress | AttemptProgress)]


def report(job_id: str, sequence: int) -> msgspec.Struct:
    totals = DatacenterProgress("eu", "running", 0, 0, 1, 1, reports=sequence)
    entry = AttemptProgress("a", 1, sequence, 0.5, sequence, 1000, {"n": float(sequence)})
    return JobProgress(job_id, "eu", 1, sequence, totals, (entry,))


def failing(manager: ScriptedManager) -> None:
    """Each job's `a` fails there."""

    async def fail(message: StartJob) -> None:
        error = f"no luck in {manager.datacenter}"
        await manager.send(message, [manager.result("a", state="failed", error=error)])

    manager.run = fail
