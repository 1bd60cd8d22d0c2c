"""What managers and workers tell gates and operators about themselves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from distributed.errors import PeerRefused
from distributed.messages.admin import DrainNode, ListMembers, MemberList, NodeStatus, ShowStatus
from distributed.messages.dispatch import StartJob
from distributed.messages.health import (
    DatacenterHealth,
    ManagerRegistered,
    ProbeDatacenter,
    RegisterGate,
)
from distributed.messages.job import Job
from distributed.messages.progress import Pressure
from distributed.types import Address

from .plane import Plane, workflow

pytestmark = pytest.mark.cluster


async def test_a_gate_that_registers_is_told_how_the_datacenter_stands(plane: Plane) -> None:
    """GM 2.1a, 6.1c: capacity counts each worker once."""
    await plane.start(workers=3, cores=2, manager={"status_interval_seconds": 0.05})
    address = str(plane.gate.listener.address)
    reply = await plane.ask(RegisterGate("gate", "gate-1", address))
    assert isinstance(reply, ManagerRegistered)
    assert (reply.status.workers, reply.status.cores, reply.status.largest_worker) == (3, 6, 2)
    await plane.gate.until(lambda: len(plane.gate.statuses) >= 3)
    sequences = [status.sequence for status in plane.gate.statuses]
    assert sequences == sorted(set(sequences))


async def test_a_probe_is_answered_with_its_own_sequence(plane: Plane) -> None:
    """GM 3.5a, b."""
    await plane.start(workers=1)
    reply = await plane.ask(ProbeDatacenter("gate", 42))
    assert isinstance(reply, DatacenterHealth)
    assert (reply.sequence, reply.datacenter) == (42, "dc1")


async def test_each_node_shows_its_status_and_members(plane: Plane) -> None:
    await plane.start(workers=1)
    status = await plane.ask(ShowStatus())
    assert isinstance(status, NodeStatus)
    assert (status.role, status.state) == ("manager", "active")
    assert status.detail["workers"]["w0"]["cores"] == 2  # type: ignore[index]
    assert await plane.ask(ListMembers()) == MemberList(())
    worker = Address(plane.workers[0].address)
    shown = await plane.gate.pool.request(worker, ShowStatus(), timeout=5.0)
    assert isinstance(shown, NodeStatus)
    assert (shown.role, shown.state) == ("worker", "healthy")


async def test_a_draining_manager_takes_no_new_job_and_finishes_its_own(plane: Plane) -> None:
    """MW 40.2."""
    await plane.start(workers=1)
    await plane.run("j1", workflow("sleeping", args={"seconds": 0.2}))
    await plane.ask(DrainNode())
    message = StartJob(
        job_id="j2",
        epoch=1,
        manager_epoch=1,
        gate="gate",
        gate_address="x:1",
        job=Job(name="late", workflows=(workflow("empty"),)),
    )
    with pytest.raises(PeerRefused, match="draining"):
        await plane.ask(message)
    assert await plane.managers[0].drain(10.0)
    assert plane.gate.states("j1") == {"sleeping": "completed"}


async def test_pressure_slows_progress_and_never_results(plane: Plane) -> None:
    """MW 9.3, 11.2, 41.9c, d; GM 21.1e, 21.4a."""
    await plane.start(workers=1)
    manager = plane.managers[0]
    worker = Address(plane.workers[0].address)
    await manager.state.pool.send(worker, Pressure("reject"))
    await plane.run("j1", workflow("steady", args={"steps": 10}), workflow("empty"))
    await plane.finished("j1")
    seen = {
        entry.sequence
        for message in plane.gate.progress
        for entry in message.entries
        if entry.workflow == "steady" and entry.sequence < 2**53
    }
    assert len(seen) <= 2
    assert plane.gate.states("j1") == {"steady": "completed", "empty": "completed"}


async def test_the_last_that_a_worker_logs_is_that_it_stopped(plane: Plane, tmp_path: Path) -> None:
    """MW 41.27e."""
    await plane.start(workers=1, worker={"data_directory": str(tmp_path)})
    await plane.run("j1", workflow("empty"))
    await plane.finished("j1")
    await plane.workers.pop().stop()
    lines = (tmp_path / "w0.events.jsonl").read_bytes().splitlines()
    events = [msgspec.json.decode(line)["event"] for line in lines]
    assert (events[0], events[-1]) == ("worker_started", "worker_stopped")
    assert events.count("worker_stopped") == 1
    assert "completed" in events
