"""`shoal demo`: see a job survive a killed worker, on this machine, in under a minute."""

from __future__ import annotations

import asyncio
import random
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from distributed.commands.entry import INTERRUPTED
from distributed.commands.output import Output, writing
from distributed.errors import ConfigError

DATACENTERS = ("north", "south")


def demo(
    *,
    report: Path = Path("shoal-demo-report.json"),
    pace: float = 1.0,
    kill: bool = True,
    json: bool = False,
) -> int:
    """Start two datacenters on this machine, run a job, kill a worker, show what happens.

    Two gates, and two managers and two workers in each datacenter, each a process of its
    own on loopback. Nothing is left behind but the report.

    Parameters
    ----------
    report
        Where the report goes.
    pace
        Stretches the pauses in the work, so that it can be watched; 0 runs flat out.
    kill
        Kill a worker in the middle.
    json
        Updates as JSON lines instead of the live picture.
    """
    import msgspec
    import uvloop

    output = Output(json=json)
    if not report.parent.is_dir():
        raise ConfigError(f"{report.parent} is no folder", field="report")
    try:
        status, findings = uvloop.run(_demo(pace=pace, kill=kill, output=output))
    except asyncio.CancelledError:
        output.line("interrupted; every process is stopped and nothing is left behind")
        return INTERRUPTED
    with writing():
        report.write_bytes(msgspec.json.format(msgspec.json.encode(findings)))
    output.line(f"report: {report}")
    return status


async def _demo(*, pace: float, kill: bool, output: Output) -> tuple[int, dict[str, Any]]:
    from distributed.commands.demo.show import Show
    from distributed.commands.local.cluster import LocalCluster, Shape

    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    shape = Shape(gates=2, datacenters=DATACENTERS, managers=2, workers=2, cores=3)
    with tempfile.TemporaryDirectory(prefix="shoal-demo-") as folder:
        output.line("starting 2 gates, and 2 managers and 2 workers in each of 2 datacenters …")
        started = time.perf_counter()
        async with LocalCluster(shape, Path(folder)) as cluster:
            output.line(f"10 processes serve after {time.perf_counter() - started:.1f} s")
            show = Show(cluster, output, random.Random(), kill=kill, pace=pace)
            return await show.run()
