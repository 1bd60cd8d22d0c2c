"""Deadlines, extensions, and reports that fail without failing the job."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import msgspec
import pytest

from distributed.commands.ask import ask_node
from distributed.errors import JobRejected
from distributed.messages.admin import Limits, SetLimits
from distributed.messages.cancel import ExtendTimeout, TimeoutExtended
from distributed.messages.submission import JobResult
from distributed.types import JobState

from .world import GateWorld, job


async def test_a_job_times_out_and_what_runs_is_stopped(world: GateWorld) -> None:
    """GM 11.1c, 11.1d, 11.2a, 11.3a, 11.3c, 11.3d, 31.1a."""
    manager = await world.manager()
    gate = await world.gate(cancel_grace_seconds=0.1)
    manager.run = None
    handle = await world.client().submit(job("a", deadline_seconds=0.3))
    outcome = await handle.result(check=False)
    assert outcome.state is JobState.TIMED_OUT
    assert "deadline of 0.3 s" in outcome.reason
    await world.until(lambda: bool(manager.cancelled) and bool(manager.dropped))
    assert gate.state.records == {}


async def test_the_gate_caps_what_a_job_may_ask_for(world: GateWorld) -> None:
    manager = await world.manager()
    await world.gate(longest_deadline_seconds=0.3, cancel_grace_seconds=0.1)
    manager.run = None
    handle = await world.client().submit(job("a", deadline_seconds=3600.0))
    assert (await handle.result(check=False)).state is JobState.TIMED_OUT


async def test_extensions_halve_need_progress_and_end(world: GateWorld) -> None:
    """MW 41.22a-c, GM 31.2b: the log rule, no progress no time, a cap."""
    manager = await world.manager()
    gate = await world.gate(extensions=3, extension_seconds=16.0)
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))

    async def extend(done: int) -> TimeoutExtended:
        reply = await manager.ask(gate.address, ExtendTimeout(handle.id, "a", 1, done))
        assert isinstance(reply, TimeoutExtended)
        return reply

    granted = [await extend(done) for done in (1, 1, 2, 3, 4)]
    assert [g.granted_seconds for g in granted] == [8.0, 0.0, 4.0, 2.0, 0.0]
    assert [g.remaining_grants for g in granted] == [2, 2, 1, 0, 0]
    assert "no progress" in granted[1].reason
    assert "used up" in granted[4].reason


async def test_an_extension_never_passes_the_jobs_deadline(world: GateWorld) -> None:
    """MW 41.22d."""
    manager = await world.manager()
    gate = await world.gate(extension_seconds=1000.0)
    manager.run = None
    handle = await world.client().submit(job("a", deadline_seconds=20.0))
    await world.until(lambda: bool(manager.started))
    reply = await manager.ask(gate.address, ExtendTimeout(handle.id, "a", 1, 5))
    assert 0 < reply.granted_seconds <= 20.0


async def test_a_rate_set_while_the_gate_runs_is_held_from_then_on(world: GateWorld) -> None:
    """GM 25.3a: the limit that was set last is in force."""
    await world.manager()
    gate = await world.gate()
    client = world.client()
    for _ in range(3):
        await client.submit(job("a"))
    limits = SetLimits({"submissions_per_second": 0.001, "submissions_burst": 1})
    await ask_node(gate.address, limits, Limits, timeout=30.0)
    await client.submit(job("a"))
    with pytest.raises(JobRejected) as refused:
        await client.submit(job("a"))
    assert refused.value.code == "rate_limited"
    await ask_node(gate.address, SetLimits({"submissions_per_second": 0}), Limits, timeout=30.0)
    await client.submit(job("a"))


async def test_reports_are_written_beside_the_result(world: GateWorld, tmp_path: Path) -> None:
    """MW 35.2a, 35.1b, GM 9.3b, 12.1a-c, 12.2b."""
    await world.manager()
    await world.gate(reports_folder=str(tmp_path))
    handle = await world.client().submit(job("a", reports=("json:out/r.json", "csv:r.csv")))
    await handle.result()
    await world.until(lambda: (tmp_path / "r.csv").exists())
    await world.until(lambda: (tmp_path / "out" / "r.json").exists())
    document = msgspec.json.decode((tmp_path / "out" / "r.json").read_bytes())
    assert (document["state"], document["workflows"][0]["value"]) == ("completed", "a!")
    lines = (tmp_path / "r.csv").read_text().splitlines()
    assert lines[0].startswith("workflow,datacenter,worker")
    assert lines[1].startswith("a,eu,w-1,1,completed")


async def test_a_report_that_fails_does_not_fail_the_job(world: GateWorld, tmp_path: Path) -> None:
    """MW 35.3a-b, GM 12.3a, 12.3c, 35.2c, Q8: isolated, logged, counted; the others are
    written.
    """
    await world.manager()
    gate = await world.gate(reports_folder=str(tmp_path))
    (tmp_path / "taken").mkdir()
    told: list[JobResult] = []

    async def broken(_result: JobResult) -> None:
        raise RuntimeError("the reporter broke")

    async def works(result: JobResult) -> None:
        told.append(result)

    gate.reporting.callbacks += [broken, works]
    handle = await world.client().submit(job("a", reports=("json:taken", "csv:fine.csv")))
    assert (await handle.result()).state is JobState.COMPLETED
    await world.until(lambda: bool(told) and (tmp_path / "fine.csv").exists())
    metrics = gate.state.metrics
    await world.until(lambda: metrics.total("reports_failed") == 2)  # type: ignore[attr-defined]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fine.csv", "taken"]


async def test_reports_are_written_while_the_gate_goes_on(
    world: GateWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MW 35.1c, 35.3c, GM 12.3b: a disk that stands still holds up the report and nothing else."""
    await world.manager()
    await world.gate(reports_folder=str(tmp_path))
    still = threading.Event()

    def stuck(_result: JobResult) -> str:
        assert still.wait(60)
        return "written"

    monkeypatch.setattr("distributed.gate.reporting.as_csv", stuck)
    await (await world.client().submit(job("a", reports=("csv:r.csv",)))).result()
    await (await world.client().submit(job("b"))).result()
    assert not (tmp_path / "r.csv").exists()
    still.set()
    await world.until(lambda: (tmp_path / "r.csv").exists())
    assert (tmp_path / "r.csv").read_text() == "written"


@pytest.mark.parametrize("path", ["json:/etc/x", "csv:../x"])
async def test_a_report_outside_the_folder_is_refused(
    world: GateWorld, tmp_path: Path, path: str
) -> None:
    await world.manager()
    await world.gate(reports_folder=str(tmp_path))
    with pytest.raises(Exception, match="leaves the reports folder"):
        await world.client().submit(job("a", reports=(path,)))


async def test_many_deadlines_at_once_end_each_job_once(world: GateWorld) -> None:
    """GM 31.1b: many expiries in one instant."""
    manager = await world.manager()
    gate = await world.gate(cancel_grace_seconds=0.05)
    manager.run = None
    client = world.client()
    handles = [await client.submit(job("a", deadline_seconds=0.5)) for _ in range(40)]
    outcomes = await asyncio.gather(*(handle.result(check=False) for handle in handles))
    assert {outcome.state for outcome in outcomes} == {JobState.TIMED_OUT}
    assert gate.state.records == {}
