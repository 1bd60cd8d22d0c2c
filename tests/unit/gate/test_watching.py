"""Clients that follow: fast, late, slow, gone; none of them holds the gate up."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from distributed.errors import JobGone
from distributed.messages.progress import (
    AttemptProgress,
    JobProgress,
    WorkerLog,
    WorkflowChange,
)
from distributed.messages.submission import DatacenterProgress
from distributed.transport.connection import TcpConnection

from .world import GateWorld, ScriptedManager, job


def progress(
    job_id: str, sequence: int, done: int, *, epoch: int = 1, total: int = 10
) -> JobProgress:
    totals = DatacenterProgress("eu", "running", done, 0, 1, total)
    entry = AttemptProgress("a", 1, sequence, 0.5, done, total, worker="w-1")
    return JobProgress(job_id, "eu", epoch, sequence, totals, (entry,))


async def tell(manager: ScriptedManager, message: msgspec.Struct) -> None:
    await manager.pool.send(manager.started[0].gate_address, message)  # type: ignore[arg-type]


async def test_progress_reaches_the_client_and_never_goes_back(world: GateWorld) -> None:
    """GM 7.1a, 7.1e, 7.2a-b, 23.1c, MW 45.4: late and repeated reports change nothing."""
    manager = await world.manager()
    await world.gate(push_interval_seconds=0.01)
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    for sequence, done in ((1, 2), (3, 6), (2, 4), (3, 1)):
        await tell(manager, progress(handle.id, sequence, done))
    seen: list[int] = []
    async for update in handle.updates():
        if update.kind == "progress":
            seen.append(update.running[0][2])
            if seen[-1] == 6:
                await manager.complete(manager.started[0])
    assert seen == sorted(seen)
    assert seen[-1] == 6


async def test_a_workflow_counts_as_ended_once_its_result_is_recorded(world: GateWorld) -> None:
    """GM 7.2: what a manager counts may be lost with it and run again; no client hears of it."""
    manager = await world.manager()
    await world.gate(push_interval_seconds=0.01)
    manager.run = None
    handle = await world.client().submit(job("a", "b"))
    await world.until(lambda: bool(manager.started))
    await tell(manager, progress(handle.id, 1, 2, total=2))
    counts: list[int] = []
    async for update in handle.updates():
        if update.kind == "progress":
            counts.append(update.datacenters[0].done)
            if counts == [0]:
                await manager.send(manager.started[0], [manager.result("a")])
            if counts[-1] == 1:
                await manager.send(manager.started[0], [manager.result("b")])
    assert counts[:2] == [0, 1]


async def test_a_new_manager_epoch_starts_its_sequence_again(world: GateWorld) -> None:
    """Earlier job plane 2.8: a successor's first reports are not taken for old ones."""
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    await tell(manager, progress(handle.id, 9, 3, epoch=1))
    await tell(manager, progress(handle.id, 1, 4, epoch=2))
    await tell(manager, progress(handle.id, 10, 9, epoch=1))
    record = gate.state.records[handle.id]
    await world.until(lambda: gate.state.metrics.total("progress_stale") == 1)  # type: ignore[attr-defined]
    run = record.runs["eu"]
    assert run.progress is not None
    assert run.progress.done == 4


async def test_news_of_workflows_is_passed_on(world: GateWorld) -> None:
    manager = await world.manager()
    await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    changes = (
        WorkflowChange("a", "running", 1, "w-1"),
        WorkflowChange("a", "lost", 1, "w-1", "worker w-1 died"),
        WorkflowChange("a", "running", 2, "w-2"),
    )
    message = msgspec.structs.replace(progress(handle.id, 1, 0), changes=changes)
    await tell(manager, message)
    kinds = []
    async for update in handle.updates():
        if update.workflow:
            kinds.append((update.kind, update.state, update.worker))
        if (update.state, update.attempt) == ("running", 2):
            await manager.complete(manager.started[0])
    assert ("worker_lost", "lost", "w-1") in kinds
    assert kinds[-1] == ("workflow", "completed", "w-1")
    stored = [event.kind for event in (await handle.history()).events]
    assert "worker_lost" in stored


async def test_captured_lines_are_bounded_and_continued(world: GateWorld) -> None:
    manager = await world.manager()
    await world.gate(log_lines=5)
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    lines = tuple(f"line {n}" for n in range(8))
    await tell(manager, WorkerLog(handle.id, "a", 1, "stdout", lines))
    logs = await handle.logs()
    while not logs.lines:
        logs = await handle.logs()
    assert [line.text for line in logs.lines] == [f"line {n}" for n in range(3, 8)]
    assert (logs.dropped, logs.next_line) == (3, 8)
    await tell(manager, WorkerLog(handle.id, "a", 1, "stdout", ("more",)))
    more = await handle.logs(after=logs.next_line)
    while not more.lines:
        more = await handle.logs(after=logs.next_line)
    assert [line.text for line in more.lines] == ["more"]


async def test_captured_lines_outlive_the_job_until_its_retention_ends(world: GateWorld) -> None:
    manager = await world.manager()
    gate = await world.gate(log_lines=3)
    manager.run = None
    handle = await world.client().submit(job("a", "b"))
    await world.until(lambda: bool(manager.started))
    await tell(manager, WorkerLog(handle.id, "a", 1, "stdout", ("one", "two")))
    await tell(manager, WorkerLog(handle.id, "b", 1, "stderr", ("three", "four")))
    await manager.complete(manager.started[0])
    await handle.result()
    await world.until(lambda: not gate.state.records)
    logs = await handle.logs()
    assert [line.text for line in logs.lines] == ["two", "three", "four"]
    assert (logs.dropped, logs.next_line) == (1, 4)
    assert [line.text for line in (await handle.logs("a")).lines] == ["two"]
    assert (await handle.logs(after=4)).lines == ()
    await gate.state.ledger.sweep(keep_seconds=0, keep_count=0, key_seconds=60)
    with pytest.raises(JobGone):
        await handle.logs()


async def test_a_job_without_output_has_empty_logs(world: GateWorld) -> None:
    await world.manager()
    await world.gate()
    handle = await world.client().submit(job("a"))
    await handle.result()
    assert (await handle.logs()).lines == ()


async def test_a_slow_client_costs_nobody_and_catches_up(world: GateWorld) -> None:
    """GM 1.1c, 21.4c, 23.2c, 29.1c: no room on its connection; others go on, it misses nothing."""
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    slow, quick = world.client(), world.client()
    handle = await slow.submit(job(*(f"w{n}" for n in range(50))))
    other = quick.job(handle.id)
    seen_by_other: list[int] = []

    async def follow() -> None:
        seen_by_other.extend([update.sequence async for update in other.updates()])

    following = asyncio.create_task(follow())
    await world.until(lambda: bool(manager.started))
    record = gate.state.records[handle.id]
    await world.until(lambda: len(record.watches or ()) == 2)
    connection = next(
        w.connection for w in record.watches or () if w.connection.peer.name == slow._name
    )
    assert isinstance(connection, TcpConnection)
    sending, connection.try_send = connection.try_send, lambda _message: False  # type: ignore[method-assign]
    await manager.complete(manager.started[0])
    await following
    assert len(set(seen_by_other)) == len(seen_by_other)
    connection.try_send = sending  # type: ignore[method-assign]
    late = [update.sequence async for update in handle.updates() if update.kind != "progress"]
    assert late == list(range(1, len(late) + 1))
    assert (await handle.result()).values()["w7"] == "w7!"
    assert gate.state.records == {}


async def test_a_client_that_is_gone_is_forgotten(world: GateWorld) -> None:
    """MW 7.4c, GM 23.2d: a dead watcher leaves nothing and delays nothing."""
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    client = world.client()
    handle = await client.submit(job("a", "b"))
    await world.until(lambda: bool(manager.started))
    record = gate.state.records[handle.id]
    await client.close()
    await world.until(lambda: all(w.connection.closed for w in record.watches or ()))
    await manager.send(manager.started[0], [manager.result("a")])
    assert not record.watches
    await manager.send(manager.started[0], [manager.result("b")])
    assert gate.state.records == {}
