"""Shoal: one gate, one manager and two workers of one core, as processes.

python shoal_peer.py memory|sqlite
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import uvloop
from measured import measure

from distributed import Client, Job, Workflow
from distributed.commands.local.cluster import LocalCluster, Shape

EMPTY = "benches.python.empty_work:nothing"
ONE = (Workflow(name="w", run=EMPTY),)


async def run(client: Client, workflows: tuple[Workflow, ...]) -> None:
    handle = await client.submit(Job(name="empty", workflows=workflows))
    await handle.result()


def main(ledger: str) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        shape = Shape(workers=2, cores=1, ledger="memory:" if ledger == "memory" else "")
        cluster = LocalCluster(shape, Path(folder))
        runner.run(cluster.start())
        client = Client(cluster.addresses("gate"))
        try:
            measure(
                f"shoal-{ledger}",
                lambda: runner.run(run(client, ONE)),
                lambda count: runner.run(
                    run(client, tuple(Workflow(name=f"w{n}", run=EMPTY) for n in range(count)))
                ),
            )
        finally:
            runner.run(client.close())
            runner.run(cluster.stop())


if __name__ == "__main__":
    main(sys.argv[1])
