"""A job that has ended leaves nothing: every ending there is, then a walk of the object graph."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from typing import Any

import pytest

from distributed.errors import JobRejected
from distributed.gate.record import DatacenterRun, JobRecord, Pending
from distributed.gate.watching import Watch
from distributed.messages.base import Refused
from distributed.messages.cancel import CancelOutcome
from distributed.messages.dispatch import StartJob
from distributed.messages.submission import JobAccepted, SubmitJob
from distributed.transport.interface import Identity
from distributed.transport.pool import ConnectionPool
from distributed.types import Role
from tests.object_graph import mentions, reachable

from .world import GateWorld, Parts, ScriptedManager, job

EACH_WAY = 12
PER_JOB_OBJECTS = (JobRecord, DatacenterRun, Pending, Watch)
OPEN_JOBS = 400
LIMIT_BYTES = 4096


class Endings:
    """Ends jobs, one way for each method; returns their ids."""

    def __init__(self, world: GateWorld, manager: ScriptedManager) -> None:
        self.world = world
        self.manager = manager
        self.client = world.client()

    async def completed(self) -> str:
        self.manager.run = self.manager.complete
        handle = await self.client.submit(job("a", "b"))
        await handle.result()
        return handle.id

    async def failed(self) -> str:
        async def fail(message: StartJob) -> None:
            await self.manager.send(message, [self.manager.result("a", state="failed")])
            await self.manager.finish(message, "failed")

        self.manager.run = fail
        handle = await self.client.submit(job("a", "b", after={"b": ["a"]}))
        await handle.result(check=False)
        return handle.id

    async def cancelled_while_running(self) -> str:
        self.manager.run = None
        self.manager.on_cancel = lambda m: CancelOutcome(m.job_id, (("a", "cancelled"),))
        handle = await self.client.submit(job("a"))
        await handle.cancel()
        await handle.result(check=False)
        return handle.id

    async def timed_out(self) -> str:
        self.manager.run = None
        handle = await self.client.submit(job("a", deadline_seconds=0.05))
        await handle.result(check=False)
        return handle.id

    async def refused_by_every_manager(self) -> str:
        self.manager.refusal = Refused("too_wide", "no")
        handle = await self.client.submit(job("a"))
        await handle.result(check=False)
        self.manager.refusal = None
        return handle.id

    async def refused_at_once(self) -> str:
        with pytest.raises(JobRejected):
            await self.client.submit(job("a", placement={"datacenters": ("mars",)}))
        return ""

    async def client_gone(self) -> str:
        self.manager.run = None
        before = len(self.manager.started)
        leaving = self.world.client()
        handle = await leaving.submit(job("a"))
        await leaving.close()
        await self.world.until(lambda: len(self.manager.started) > before)
        await self.manager.complete(self.manager.started[-1])
        return handle.id

    async def taken_by_another_gate(self) -> str:
        self.manager.run = None
        gate = self.world.gates[0]
        handle = await self.client.submit(job("a"), watch=False)
        await self.world.recorded(gate, handle.id)
        await gate.state.ledger.renew("g-other", "i", 3600.0)
        await gate.state.ledger.acquire(handle.id, "g-other", 1, force=True)
        await self.manager.complete(self.manager.started[-1])
        return handle.id


WAYS = [name for name in vars(Endings) if not name.startswith("_")]


async def test_nothing_is_left_of_a_job_however_it_ended(world: GateWorld) -> None:
    """GM 10.3, 11.3b, 28.3d, 37.2a, invariant 8: every way, many times, then no mention is left."""
    gc.collect()
    others = {id(o) for o in gc.get_objects() if isinstance(o, PER_JOB_OBJECTS)}
    manager = await world.manager()
    gate = await world.gate(cancel_grace_seconds=0.02)
    endings = Endings(world, manager)
    ids = set()
    for way in WAYS:
        for _ in range(EACH_WAY):
            ids.add(await getattr(endings, way)())
    ids.discard("")
    assert len(ids) == EACH_WAY * (len(WAYS) - 1)
    await world.until(lambda: not gate.state.records)
    await endings.client.close()
    await world.until(lambda: not any(":j-" in name for name in gate.state.supervisor.running))
    await asyncio.sleep(0.15)
    manager.started.clear()
    gc.collect()
    alive = [o for o in gc.get_objects() if isinstance(o, PER_JOB_OBJECTS)]
    assert [o for o in alive if id(o) not in others] == []
    roots = (gate._handlers, gate.state.records, gate.state.timers, gate.managers, gate._takeover)
    assert mentions(reachable(roots)) & ids == set()
    assert len(gate.state.timers) == 0


async def test_an_open_job_takes_little_memory(world: GateWorld) -> None:
    """MW 41.5e: at most 4 KiB and its payload while it is open; nothing for one that has ended."""
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    manager.started = Forgetful()
    parts = Parts()
    pool = ConnectionPool(parts.transport, {}, Identity(Role.CLIENT, "c"), parts.clock)

    async def submit(number: int) -> None:
        message = SubmitJob(f"j-{number}", f"j-{number}", b"d", job("a"))
        reply = await pool.request(gate.state.address, message, timeout=30.0)
        assert isinstance(reply, JobAccepted)

    async def settle() -> None:
        await world.until(
            lambda: all(
                r.pending is None and r.flushing is None and r.state.value == "dispatched"
                for r in gate.state.records.values()
            )
        )
        gc.collect()

    for number in range(50):
        await submit(number)
    await settle()
    tracemalloc.start()
    try:
        for number in range(50, 50 + OPEN_JOBS):
            await submit(number)
        await settle()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(gate.state.records) == 50 + OPEN_JOBS
    print(f"{taken / OPEN_JOBS:.0f} bytes for each open job")
    assert taken / OPEN_JOBS < LIMIT_BYTES
    await pool.close()
    await parts.supervisor.stop()


class Forgetful(list[Any]):
    """A list that keeps nothing."""

    def append(self, item: Any) -> None:
        """Drop it."""
