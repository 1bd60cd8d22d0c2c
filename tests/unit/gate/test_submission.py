"""Submitting: once for each key, refused with a code and a hint, bounded."""

from __future__ import annotations

import asyncio

import pytest

from distributed.errors import JobRejected, PeerRefused
from distributed.messages.submission import JobAccepted, SubmitJob
from distributed.reliability.overload import Overload
from distributed.transport.interface import Identity
from distributed.transport.pool import ConnectionPool
from distributed.types import Role

from .world import GateWorld, Parts, job


async def test_a_key_is_one_job_whoever_asks_and_when(world: GateWorld) -> None:
    """GM 1.5a, 32.2d: also after the job's end the key answers with it."""
    manager = await world.manager()
    await world.gate()
    first = await world.client().submit(job("a"), key="nightly")
    await first.result()
    again = await world.client().submit(job("a"), key="nightly")
    assert again.id == first.id
    assert (await again.result())["a"] == "a!"
    assert len(manager.started) == 1


async def test_concurrent_twins_run_once(world: GateWorld) -> None:
    """GM 1.5c, 15.3a, 32.2a-b, 41.5a-b: one instant, two gates, one job, one dispatch."""
    manager = await world.manager()
    await world.gate("g-1")
    await world.gate("g-2")
    clients = [world.client(gate) for gate in world.gates]
    handles = await asyncio.gather(*(client.submit(job("a"), key="twin") for client in clients * 5))
    assert len({handle.id for handle in handles}) == 1
    for handle in handles:
        await handle.result()
    assert len(manager.started) == 1


async def test_a_key_with_another_payload_is_refused(world: GateWorld) -> None:
    """GM 32.2c, 41.5d."""
    await world.manager()
    await world.gate()
    await world.client().submit(job("a"), key="k")
    with pytest.raises(JobRejected, match="another payload") as caught:
        await world.client().submit(job("b"), key="k")
    assert (caught.value.code, caught.value.field) == ("conflict", "key")


async def test_a_repeat_of_one_submission_dispatches_once(world: GateWorld) -> None:
    """GM 32.1a-b: a client that lost the answers sends the same submission many times."""
    manager = await world.manager()
    gate = await world.gate()
    parts = Parts()
    identity = Identity(Role.CLIENT, "c")
    pool = ConnectionPool(parts.transport, {}, identity, parts.clock)
    message = SubmitJob("j-1", "j-1", b"d", job("a"))
    replies = await asyncio.gather(
        *(pool.request(gate.state.address, message, timeout=5.0) for _ in range(50))
    )
    assert all(isinstance(reply, JobAccepted) and reply.job_id == "j-1" for reply in replies)
    await world.until(lambda: not gate.state.records)
    assert len(manager.started) == 1
    await pool.close()
    await parts.supervisor.stop()


async def test_a_client_over_its_rate_is_told_when_to_come_back(world: GateWorld) -> None:
    """MW 41.18b, GM 4.3a-b: limits for each client, with a hint; another client is not touched."""
    await world.manager()
    await world.gate(submissions_per_second=0.5, submissions_burst=2)
    greedy = world.client(patience_seconds=0.1)
    for _ in range(2):
        await greedy.submit(job("a"))
    with pytest.raises((JobRejected, PeerRefused)) as caught:
        await greedy.submit(job("a"))
    assert caught.value.code == "rate_limited"
    assert caught.value.retry_after_seconds is not None
    assert caught.value.retry_after_seconds > 0
    await world.client().submit(job("a"))


async def test_an_overloaded_gate_sheds_submissions_and_serves_results(world: GateWorld) -> None:
    """GM 4.2a, 4.2c-d: new work is refused with a hint, what is under way goes through."""
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    gate.state.load.level = Overload.OVERLOADED
    with pytest.raises((JobRejected, PeerRefused)) as caught:
        await world.client(patience_seconds=0.1).submit(job("b"))
    assert caught.value.code == "overloaded"
    await manager.complete(manager.started[0])
    assert (await handle.result())["a"] == "a!"


async def test_a_full_gate_refuses_more_jobs(world: GateWorld) -> None:
    """MW 58.9, 53.5, 59.9, 57.9: admission is bounded and cheap."""
    manager = await world.manager()
    await world.gate(max_open_jobs=1)
    manager.run = None
    await world.client().submit(job("a"))
    with pytest.raises((JobRejected, PeerRefused)) as caught:
        await world.client(patience_seconds=0.1).submit(job("b"))
    assert caught.value.code == "overloaded"
