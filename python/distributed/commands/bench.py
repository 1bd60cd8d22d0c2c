"""`shoal bench`: what a cluster costs a job, beside a loopback round trip of the same run."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from distributed.commands.figures import NO_FILES, Files, again, versions
from distributed.commands.output import Output
from distributed.commands.ranges import Count

if TYPE_CHECKING:
    from distributed.client import Client
    from distributed.web.figures import Figures

EMPTY = "distributed.commands.bench_work:nothing"
TRIPS = 500
WARM_UP = 3
PATIENCE_SECONDS = 10.0
"""For a gate that does not answer."""


class Measured(msgspec.Struct, frozen=True):
    """Seconds of each repetition, and of the yardstick."""

    round_trips: list[float]
    single: list[float]
    burst_seconds: float
    burst_jobs: int
    wide_seconds: float
    wide_workflows: int


def bench(
    *,
    gate: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    jobs: Count = 200,
    workflows: Count = 2000,
    workers: Count = 2,
    files: Files = NO_FILES,
) -> None:
    """Measure empty jobs: one after another, all at once, and one job of many workflows.

    Parameters
    ----------
    gate
        Gate of the cluster to measure; a cluster on this machine is made without one.
    jobs
        Jobs of one workflow, run one after another and then all at once.
    workflows
        Workflows of the one wide job.
    workers
        Workers of the cluster that is made.
    """
    import uvloop

    measured = uvloop.run(_measure(gate, jobs, workflows, workers))
    command = again("bench", gate=gate, jobs=jobs, workflows=workflows, workers=workers)
    figures = figures_of(measured, command)
    output, table = Output(json=files.json), figures.tables[0]
    output.table(
        table.columns,
        [dict(zip(table.columns, row, strict=True)) for row in table.rows],
        title=figures.title,
    )
    files.write(output, lambda: figures)


async def _measure(gates: tuple[str, ...], jobs: int, workflows: int, workers: int) -> Measured:
    from distributed.commands.local.cluster import LocalCluster, Shape

    if gates:
        return await _against(gates, jobs, workflows)
    with tempfile.TemporaryDirectory(prefix="shoal-bench-") as folder:
        shape = Shape(workers=workers, log_level="warning")
        async with LocalCluster(shape, Path(folder)) as cluster:
            return await _against(tuple(cluster.addresses("gate")), jobs, workflows)


async def _against(gates: tuple[str, ...], jobs: int, workflows: int) -> Measured:
    from distributed.client import Client, ClientSettings

    async with Client(gates, settings=ClientSettings(patience_seconds=PATIENCE_SECONDS)) as client:
        clock = client.clock

        async def timed(act: Callable[[], Awaitable[object]]) -> float:
            began = clock.now()
            await act()
            return clock.now() - began

        for _ in range(WARM_UP):
            await _run(client, 1)
        trips = await _round_trips(clock.now)
        single = [await timed(lambda: _run(client, 1)) for _ in range(jobs)]
        burst = await timed(lambda: asyncio.gather(*(_run(client, 1) for _ in range(jobs))))
        wide = await timed(lambda: _run(client, workflows))
    return Measured(trips, single, burst, jobs, wide, workflows)


async def _run(client: Client, count: int) -> None:
    from distributed.messages.job import Job, Workflow

    flows = tuple(Workflow(name=f"w{number}", run=EMPTY) for number in range(count))
    handle = await client.submit(Job(name="bench", workflows=flows))
    await handle.result()


async def _round_trips(now: Callable[[], float]) -> list[float]:
    """One byte to another task over a loopback socket, and back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(64):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        taken = []
        for _ in range(TRIPS):
            began = now()
            writer.write(b".")
            await reader.readexactly(1)
            taken.append(now() - began)
        writer.close()
        await writer.wait_closed()
    return taken


def figures_of(measured: Measured, command: str) -> Figures:
    """Times, rates, and each as so many loopback round trips."""
    from distributed.web.figures import Figures, Table, shares

    trip = statistics.median(measured.round_trips)
    cuts = statistics.quantiles([*measured.single, measured.single[-1]], n=100, method="inclusive")

    def row(name: str, seconds: float) -> tuple[str, float, float, float]:
        return name, round(seconds * 1e3, 4), round(1 / seconds, 1), round(seconds / trip, 2)

    rows = (
        row("loopback round trip, median", trip),
        row("empty job, p50", cuts[49]),
        row("empty job, p95", cuts[94]),
        row("empty job, p99", cuts[98]),
        row(
            f"empty job, {measured.burst_jobs} at once, each",
            measured.burst_seconds / measured.burst_jobs,
        ),
        row(
            f"empty workflow, {measured.wide_workflows} of one job, each",
            measured.wide_seconds / measured.wide_workflows,
        ),
    )
    plot = shares("Empty jobs, one after another", "s", "submit to result", measured.single)
    return Figures(
        "What a job costs",
        f"An empty job takes {cuts[49] / trip:,.0f} loopback round trips, submission to result.",
        command,
        versions(),
        (Table("Measured", ("measure", "milliseconds", "per_second", "round_trips"), rows),),
        (plot,),
    )
