"""Jobs through real processes: one gate, one manager, two workers, on loopback.

Run with `pytest benches/python/test_jobplane_bench.py --benchmark-enable`. Each figure
stands beside a bare loopback round trip of the same run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

from distributed.client import Client
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.messages.job import Job, Workflow

EMPTY = "benches.python.empty_work:nothing"
MANY = 2_000


class Bench:
    """A warm cluster and a client in one event loop."""

    def __init__(self, folder: Path, ledger: str) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        shape = Shape(datacenters=("north",), workers=2, cores=1, ledger=ledger)
        self.cluster = LocalCluster(shape, folder)
        self.runner.run(self.cluster.start())
        self.client = self.runner.run(self._connect())

    async def _connect(self) -> Client:
        client = Client(self.cluster.addresses("gate"))
        await run_job(client, 50)
        return client

    def close(self) -> None:
        self.runner.run(self.client.close())
        self.runner.run(self.cluster.stop())
        self.runner.close()


async def run_job(client: Client, workflows: int) -> None:
    """Submit a job of empty workflows and wait for its result."""
    job = Job(
        name="empty",
        workflows=tuple(Workflow(name=f"w{n}", run=EMPTY) for n in range(workflows)),
    )
    handle = await client.submit(job)
    outcome = await handle.result()
    assert len(outcome.workflows) == workflows


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("cluster")
    made = Bench(folder, "memory:" if request.param == "memory" else "")
    yield made
    made.close()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(64):
        writer.write(data)
    writer.close()


def test_loopback_round_trip(benchmark: BenchmarkFixture) -> None:
    """The yardstick: one byte to another task over a loopback socket and back."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        server = runner.run(asyncio.start_server(_echo, "127.0.0.1", 0))
        port = server.sockets[0].getsockname()[1]
        reader, writer = runner.run(asyncio.open_connection("127.0.0.1", port))

        async def trip() -> None:
            writer.write(b"x")
            await reader.readexactly(1)

        async def close() -> None:
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()

        benchmark(lambda: runner.run(trip()))
        runner.run(close())


def test_empty_job_submit_to_result(bench: Bench, benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(
        lambda: bench.runner.run(run_job(bench.client, 1)), rounds=200, warmup_rounds=20
    )


def test_many_empty_workflows_of_one_job(bench: Bench, benchmark: BenchmarkFixture) -> None:
    benchmark.extra_info["workflows"] = MANY
    benchmark.pedantic(
        lambda: bench.runner.run(run_job(bench.client, MANY)), rounds=5, warmup_rounds=1
    )
    if benchmark.stats is not None:
        benchmark.extra_info["workflows_per_second"] = MANY / benchmark.stats.stats.median
