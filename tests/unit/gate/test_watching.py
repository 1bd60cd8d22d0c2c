"""Clients that follow: fast, late, slow, gone; none of them holds the gate up."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from distributed.errors import JobGone
from distributed.gate.logs import LINE_BYTES
from distributed.messages.progress import (
    AttemptProgress,
    JobProgress,
    WorkerLog,
    WorkflowChange,
)
from distributed.messages.submission import DatacenterProgress, JobUpdate
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


async def test_captured_lines_of_all_jobs_together_are_bounded(world: GateWorld) -> None:
    """A job's new lines push out its own older ones, and no other job's."""
    manager = await world.manager()
    gate = await world.gate(held_log_bytes=10 * (LINE_BYTES + 1))
    manager.run = None
    client = world.client()
    quiet, loud = await client.submit(job("a")), await client.submit(job("a"))
    await world.until(lambda: len(manager.started) == 2)
    await tell(manager, WorkerLog(quiet.id, "a", 1, "stdout", tuple("abcd")))
    await tell(manager, WorkerLog(loud.id, "a", 1, "stdout", tuple("0123456789")))
    await world.until(lambda: gate.state.records[loud.id].logs_total == 10)
    assert [line.text for line in (await quiet.logs()).lines] == list("abcd")
    told = await loud.logs()
    assert [line.text for line in told.lines] == list("456789")
    assert (told.dropped, told.next_line) == (4, 10)
    for started in manager.started:
        await manager.complete(started)
    await world.until(lambda: not gate.state.records)
    assert gate.state.held_log_bytes == 0


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


async def test_a_reader_slower_than_its_queue_still_gets_each_step_once(world: GateWorld) -> None:
    """The client keeps a few updates; the others it asks for again, after the end too."""
    await world.manager()
    await world.gate()
    client = world.client(progress_queue=8)
    handle = await client.submit(job(*(f"w{n}" for n in range(60))))
    await handle.result()
    assert len(handle._updates) <= 8
    seen = [update.sequence async for update in handle.updates() if update.kind != "progress"]
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) > 60


async def test_progress_makes_room_for_steps_at_a_reader_that_is_slow(world: GateWorld) -> None:
    client = world.client(await world.gate(), progress_queue=4)
    handle = client.job("j-1")
    moves = [JobUpdate(1, "workflow", 0.0, state="running", workflow=f"w{n}") for n in range(4)]
    handle.push((JobUpdate(1, "state", 0.0, state="submitted"), *moves))
    assert [update.kind for update in handle._updates] == ["state", "workflow"]
    assert handle.dropped == 3


async def test_slow_clients_hold_one_page_a_connection_and_no_gate_up(
    world: GateWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten jobs watched on a connection without room: nothing is read for it until there is."""
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    slow, quick = world.client(), world.client()
    handles = [await slow.submit(job("a", "b")) for _ in range(10)]
    await world.until(lambda: len(manager.started) == 10)
    watches = [w for r in gate.state.records.values() for w in r.watches or ()]
    (connection,) = {watch.connection for watch in watches}
    assert isinstance(connection, TcpConnection)
    assert connection._outbox is not None
    read: list[str] = []
    events = gate.state.ledger.events

    async def reading(job_id: str, **page: int) -> object:
        read.append(job_id)
        return await events(job_id, **page)

    monkeypatch.setattr(gate.state.ledger, "events", reading)
    connection._outbox.pause()
    for started in manager.started:
        await manager.complete(started)
    assert (await (await quick.submit(job("c"), watch=False)).history()).events
    assert gate.state.records.keys() <= {manager.started[-1].job_id}
    assert set(read) <= {manager.started[-1].job_id}
    assert [watch.lagging for watch in watches] == [True] * 10
    connection._outbox.resume()
    for handle in handles:
        steps = [update.sequence async for update in handle.updates() if update.kind != "progress"]
        assert steps == list(range(1, len(steps) + 1))
    await world.until(lambda: not any(watch.lagging for watch in watches))


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
