"""Every node of a cluster is restarted, one after the other, while jobs keep coming."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from distributed.client import Client
from distributed.client.job import JobHandle
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.messages.job import Job, Workflow

from .commands.conftest import shoal

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
SHAPE = Shape(gates=2, datacenters=("north",), managers=2, workers=2, cores=2)


def job(number: int) -> Job:
    """Two steps, the second after the first; neither may be started twice."""

    def step(name: str, *after: str) -> Workflow:
        return Workflow(
            name=name,
            run="tests.cluster.steady_work:step",
            args={"number": number, "seconds": 0.4},
            after=after,
            attempts=1,
        )

    return Job(name=f"job-{number}", workflows=(step("first"), step("second", "first")))


class JobStream:
    """Submits a job every so often until it is told to end."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.handles: list[JobHandle] = []
        self.ended = asyncio.Event()

    async def run(self) -> None:
        """Submit."""
        while not self.ended.is_set():
            self.handles.append(await self._client.submit(job(len(self.handles))))
            await asyncio.sleep(0.3)

    async def outcomes(self) -> dict[str, str]:
        """State and reason of each job that did not complete with both its values."""
        odd = {}
        for number, handle in enumerate(self.handles):
            outcome = await handle.result(timeout=60, check=False)
            if outcome.values() != {"first": number, "second": number}:
                odd[handle.id] = f"{outcome.state}: {outcome.reason}"
        return odd


@pytest.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalCluster]:
    """Two of each role, with the tests' own work to import."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    async with LocalCluster(SHAPE, tmp_path) as running:
        yield running


@asynccontextmanager
async def jobs_coming(cluster: LocalCluster) -> AsyncIterator[JobStream]:
    """A stream of jobs for as long as the block lasts."""
    async with Client(cluster.addresses("gate")) as client:
        stream = JobStream(client)
        async with asyncio.TaskGroup() as group:
            group.create_task(stream.run())
            await asyncio.sleep(1.0)
            yield stream
            await asyncio.sleep(1.0)
            stream.ended.set()
        odd = await stream.outcomes()
        assert odd == {}


@pytest.mark.parametrize("role", ["worker", "manager", "gate"])
async def test_no_job_is_lost_while_every_node_of_a_role_is_restarted(
    cluster: LocalCluster, role: str
) -> None:
    async with jobs_coming(cluster) as stream:
        for name in [name for name in cluster.nodes if role in name]:
            before = len(stream.handles)
            await cluster.restart(name)
            await asyncio.sleep(1.0)
            assert len(stream.handles) > before, f"nothing was accepted around {name}"


@pytest.mark.parametrize("role", ["worker", "manager", "gate"])
async def test_a_node_that_is_told_to_drain_and_stop_ends_by_itself(
    cluster: LocalCluster, role: str, tmp_path: Path
) -> None:
    name = next(name for name in cluster.nodes if role in name)
    node = cluster.nodes[name]
    assert node.ready is not None
    address = node.ready.address
    async with jobs_coming(cluster):
        told = await asyncio.to_thread(
            shoal, "node", "drain", address, "--stop", cwd=tmp_path, check=True
        )
        assert address in told.stdout
        assert await node.ended(timeout_seconds=60) == 0
        await cluster.revive(name)
