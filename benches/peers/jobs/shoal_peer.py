"""Shoal: one gate, one manager and two workers of one core, as processes.

python shoal_peer.py memory|sqlite
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from measured import measure_awaited

from distributed import Client, Job, Workflow
from distributed.commands.local.cluster import LocalCluster, Shape

EMPTY = "benches.python.empty_work:nothing"
ONE = (Workflow(name="w", run=EMPTY),)


async def run(client: Client, workflows: tuple[Workflow, ...]) -> None:
    handle = await client.submit(Job(name="empty", workflows=workflows))
    await handle.result()


def sync_ms(folder: Path, times: int = 200) -> float:
    """What one small write with a sync takes where the ledger is, in the median."""
    taken = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(times):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


async def main(ledger: str, folder: Path) -> None:
    shape = Shape(workers=2, cores=1, ledger="memory:" if ledger == "memory" else "")
    cluster = LocalCluster(shape, folder)
    await cluster.start()
    try:
        async with Client(cluster.addresses("gate")) as client:
            await measure_awaited(
                f"shoal-{ledger}",
                lambda: run(client, ONE),
                lambda count: run(
                    client, tuple(Workflow(name=f"w{n}", run=EMPTY) for n in range(count))
                ),
                sync_ms=sync_ms(folder),
            )
    finally:
        await cluster.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        uvloop.run(main(sys.argv[1], Path(made)))
