"""Reports beside the client's answer: what is in them, and what a stuck one holds up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from distributed.messages.dispatch import StartJob
from distributed.messages.progress import JobProgress
from distributed.messages.submission import DatacenterProgress, JobResult

from .world import GateWorld, job


async def test_a_report_and_a_callback_tell_the_statistics_that_the_client_gets(
    world: GateWorld, tmp_path: Path
) -> None:
    """GM 12.2a, 12.2c: counters of each workflow, rates and percentiles of each datacenter."""
    manager = await world.manager()
    gate = await world.gate(reports_folder=str(tmp_path))
    pushed: list[JobResult] = []

    async def push(result: JobResult) -> None:
        pushed.append(result)

    async def measured(message: StartJob) -> None:
        totals = DatacenterProgress("eu", "running", 0, 0, 1, 1, 500, 50.0, 0.1, 0.2, 0.3)
        told = JobProgress(message.job_id, "eu", message.manager_epoch, 1, totals, ())
        await manager.pool.send(message.gate_address, told)  # type: ignore[arg-type]
        result = manager.result("a", counters={"requests": 500.0}, run_seconds=2.5)
        await manager.send(message, [result])

    gate.reporting.callbacks.append(push)
    manager.run = measured
    handle = await world.client().submit(job("a", reports=("json:r.json", "csv:r.csv")))
    outcome = await handle.result()
    await world.until(lambda: bool(pushed) and len(list(tmp_path.glob("r.*"))) == 2)
    document = msgspec.json.decode((tmp_path / "r.json").read_bytes())
    (here,), (part,) = document["workflows"], document["datacenters"]
    assert (here["counters"], here["run_seconds"]) == ({"requests": 500.0}, 2.5)
    assert (part["reports"], part["rate"]) == (500, 50.0)
    assert (part["p50"], part["p95"], part["p99"]) == (0.1, 0.2, 0.3)
    assert ",completed,2.5," in (tmp_path / "r.csv").read_text()
    assert pushed[0].workflows == outcome.raw.workflows
    assert pushed[0].datacenters == outcome.raw.datacenters


async def test_a_report_that_never_ends_holds_up_neither_its_job_nor_the_gates_stop(
    world: GateWorld, tmp_path: Path
) -> None:
    """GM 12.4: the job is forgotten without waiting for it, and a stop ends it."""
    await world.manager()
    gate = await world.gate(reports_folder=str(tmp_path))
    ended: list[str] = []

    async def stuck(result: JobResult) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(result.job_id)

    gate.reporting.callbacks.append(stuck)
    handle = await world.client().submit(job("a"))
    await handle.result()
    await world.until(lambda: not gate.state.records)
    assert ended == []
    await world.kill(gate)
    assert ended == [handle.id]
