"""SIGKILL of a node of each role under real jobs, over real sockets: nothing is lost.

No time is asserted here: `tests/sim/test_takeover_time.py` holds the bound, on a virtual clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from distributed.client import Client
from distributed.client.job import JobHandle
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.messages.job import Job, Workflow
from distributed.types import JobState

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SHAPE = Shape(gates=2, datacenters=("north",), managers=2, workers=2, cores=2)
JOBS = 4
STEPS = 6


def job(number: int) -> Job:
    """Steps in a row, so that whoever dies dies in the middle."""
    names = [f"step{index}" for index in range(STEPS)]
    return Job(
        name=f"job-{number}",
        workflows=tuple(
            Workflow(
                name=name,
                run="tests.cluster.steady_work:step",
                args={"number": number, "seconds": 0.3},
                after=(names[index - 1],) if index else (),
                attempts=5,
            )
            for index, name in enumerate(names)
        ),
    )


@pytest.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalCluster]:
    """Two of each role, with the tests' own work to import."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    async with LocalCluster(SHAPE, tmp_path) as running:
        yield running


async def first_step(handle: JobHandle) -> None:
    """Wait until a step of the job is durable."""
    async for update in handle.updates():
        if update.kind == "workflow" and update.state == "completed":
            return
    raise AssertionError(f"{handle.id} ended without a step")


async def owners(handles: list[JobHandle]) -> dict[str, str]:
    """Which gate has each job."""
    return {handle.id: (await handle.show()).owner for handle in handles}


@pytest.mark.parametrize("role", ["gate", "manager", "worker"])
async def test_every_job_completes_with_each_step_once(cluster: LocalCluster, role: str) -> None:
    """GM 13.2, 30.1; MW 6.1: what the dead node had goes on elsewhere."""
    async with Client(cluster.addresses("gate")) as client:
        handles = [await client.submit(job(number)) for number in range(JOBS)]
        for handle in handles:
            await first_step(handle)
        owned = await owners(handles)
        victims = [name for name in cluster.nodes if role in name]
        victim = next((name for name in victims if name in owned.values()), victims[0])
        await cluster.nodes[victim].kill()
        for number, handle in enumerate(handles):
            outcome = await handle.result(timeout=120, check=False)
            assert outcome.state is JobState.COMPLETED, outcome.reason
            assert outcome.values() == {f"step{index}": number for index in range(STEPS)}
            story = await handle.history()
            sequences = [event.sequence for event in story.events]
            assert sequences == sorted(set(sequences))
            if owned[handle.id] == victim:
                assert any(event.kind == "takeover" for event in story.events)
        assert role != "gate" or victim in owned.values()
