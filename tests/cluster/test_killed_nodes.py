"""SIGKILL of a node of each role under real jobs, over real sockets: nothing is lost.

No time is asserted here: `tests/sim/test_takeover_time.py` holds the bound, on a virtual clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from distributed.client import Client
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.messages.job import Job, Workflow
from distributed.messages.submission import JobUpdate
from distributed.types import JobState

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SHAPE = Shape(gates=2, datacenters=("north",), managers=2, workers=2, cores=2)
JOBS = 4
STEPS = 7


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


async def step_done(updates: AsyncIterator[JobUpdate], name: str) -> None:
    """Wait until that step of the job is durable."""
    async for update in updates:
        if update.workflow == name and update.state == "completed":
            return
    raise AssertionError(f"the job ended without {name}")


async def kill_one(cluster: LocalCluster, role: str, *, preferred: str = "") -> str:
    """SIGKILL a node of that role; its name."""
    names = [name for name in cluster.nodes if role in name]
    victim = preferred if preferred in names else names[0]
    await cluster.nodes[victim].kill()
    return victim


async def test_jobs_outlive_a_gate_a_manager_and_a_worker_that_are_killed_in_turn(
    cluster: LocalCluster,
) -> None:
    """MW 36.4a-b, GM 13.2, 30.1; MW 6.1: what a dead node had goes on elsewhere, each step counted
    once.
    """
    async with Client(cluster.addresses("gate")) as client:
        handles = [await client.submit(job(number)) for number in range(JOBS)]
        updates = handles[0].updates()
        await step_done(updates, "step0")
        owned = {handle.id: (await handle.show()).owner for handle in handles}
        dead = await kill_one(cluster, "gate", preferred=owned[handles[0].id])
        await step_done(updates, "step2")
        await kill_one(cluster, "manager")
        await step_done(updates, "step4")
        await kill_one(cluster, "worker")
        for number, handle in enumerate(handles):
            outcome = await handle.result(timeout=120, check=False)
            assert outcome.state is JobState.COMPLETED, outcome.reason
            assert outcome.values() == {f"step{index}": number for index in range(STEPS)}
            story = (await handle.history()).events
            if owned[handle.id] == dead:
                assert any(event.kind == "takeover" for event in story)
        assert dead == owned[handles[0].id]
