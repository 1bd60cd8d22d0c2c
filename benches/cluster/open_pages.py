"""Does looking slow the work down? `python -m benches.cluster.open_pages`.

One gate, one manager and two workers run rounds of small jobs, in turn with no page open and
with a hundred. Reported are the gate's processor time for each job, the jobs done in a
second, and their ratios, of medians of the same run.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from distributed.client import Client
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.messages.job import Job, Workflow

ROUNDS, JOBS, OPEN = 6, 400, 100
PATHS = ("overview", "members", "jobs", "routing", "workers", "native")
WORK = "benches.python.empty_work:nothing"


async def main() -> None:
    """Print both ratios."""
    with tempfile.TemporaryDirectory(prefix="shoal-pages-") as folder:
        shape = Shape(workers=2, cores=2, log_level="error")
        async with LocalCluster(shape, Path(folder)) as cluster:
            gate = cluster.nodes["gate-1"]
            assert gate.ready is not None
            async with Client(cluster.addresses("gate")) as client:
                await _round(client, gate.pid)
                found: dict[int, list[tuple[float, float]]] = {0: [], OPEN: []}
                for number in range(2 * ROUNDS):
                    pages = OPEN if number % 2 else 0
                    readers = [
                        asyncio.create_task(_look(gate.ready.web_address, PATHS[i % len(PATHS)]))
                        for i in range(pages)
                    ]
                    await asyncio.sleep(2.0)
                    found[pages].append(await _round(client, gate.pid))
                    for reader in readers:
                        reader.cancel()
                    await asyncio.gather(*readers, return_exceptions=True)
                _tell(found)


def _tell(found: dict[int, list[tuple[float, float]]]) -> None:
    for pages, rounds in found.items():
        cpu = statistics.median(cost for cost, _ in rounds)
        rate = statistics.median(rate for _, rate in rounds)
        print(f"{pages:4} pages open: gate {cpu * 1e3:.3f} ms a job, {rate:.0f} jobs/s")
    shares = [statistics.median(cpu * rate for cpu, rate in found[n]) for n in (0, OPEN)]
    print(f"{OPEN} pages take {(shares[1] - shares[0]) * 100:.1f}% of a core at the gate")
    cost, pace = (
        statistics.median(r[i] for r in found[OPEN]) / statistics.median(r[i] for r in found[0])
        for i in (0, 1)
    )
    print(f"ratio with {OPEN} pages: gate processor time {cost:.3f}, jobs a second {pace:.3f}")


async def _round(client: Client, pid: int) -> tuple[float, float]:
    """Processor seconds of the gate for each job, and jobs a second."""
    process = psutil.Process(pid)
    before, began = process.cpu_times(), time.perf_counter()
    job = Job(name="small", workflows=(Workflow(name="w", run=WORK),))
    for _ in range(JOBS // 40):
        handles = [await client.submit(job) for _ in range(40)]
        await asyncio.gather(*(handle.result() for handle in handles))
    after, took = process.cpu_times(), time.perf_counter() - began
    cpu = after.user - before.user + after.system - before.system
    return cpu / JOBS, JOBS / took


async def _look(address: str, page: str) -> None:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"GET /live/{page} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        while await reader.read(65_536):
            continue
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main())
