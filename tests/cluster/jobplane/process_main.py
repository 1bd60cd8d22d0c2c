"""One node as a process of its own: `python -m … manager NAME`, `… worker NAME MANAGER CORES`."""

from __future__ import annotations

import asyncio
import sys

from distributed.manager.node import ManagerNode
from distributed.manager.settings import ManagerSettings
from distributed.types import Role
from distributed.worker.node import WorkerNode
from distributed.worker.settings import WorkerSettings

from .plane import WORKFLOWS, Process


async def main(arguments: list[str]) -> None:
    """Start the node, say where it listens, and run until killed."""
    role, name, *rest = arguments
    process = Process(Role(role), name)
    node: ManagerNode | WorkerNode
    if role == "manager":
        settings = ManagerSettings(worker_lost_seconds=1.0)
        node = ManagerNode(settings, **process.tools())
    else:
        node = WorkerNode(
            WorkerSettings(
                managers=(rest[0],),
                cores=int(rest[1]),
                import_paths=(WORKFLOWS,),
                status_interval_seconds=0.2,
            ),
            **process.tools(),
        )
    await node.start()
    print(node.address, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
