"""Shoal: one gate, one manager and two workers of one core, as processes.

python shoal_peer.py memory|sqlite
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import uvloop
from benches.disk_sync import sync_seconds
from measured import measure_awaited

from distributed import Client, Job, Workflow
from distributed.commands.local.cluster import LocalCluster, Shape

EMPTY = "benches.python.empty_work:nothing"
ONE = (Workflow(name="w", run=EMPTY),)


async def run(client: Client, workflows: tuple[Workflow, ...]) -> None:
    handle = await client.submit(Job(name="empty", workflows=workflows))
    await handle.result()


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
                sync_ms=sync_seconds(folder) * 1000,
            )
    finally:
        await cluster.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        uvloop.run(main(sys.argv[1], Path(made)))
