"""What one gate takes in, holds and hands over: `python -m benches.cluster.gate_numbers`.

Progress updates a second, durable submissions a second, memory for each open job, and the time
until a killed gate's jobs go on; each beside something measured in the same run.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from pathlib import Path

import msgspec
import psutil
import uvloop
from benches.disk_sync import sync_seconds

from distributed.client import Client
from distributed.client.job import JobHandle
from distributed.clock import SystemClock
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.membership import Node
from distributed.messages.job import Job, Workflow
from distributed.messages.progress import AttemptProgress, JobProgress
from distributed.messages.submission import DatacenterProgress, ShowJob
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport.interface import Identity
from distributed.transport.pool import ConnectionPool
from distributed.transport.tcp import TcpTransport
from distributed.types import Address, Role

EMPTY = "benches.python.empty_work:nothing"
SLEEP = ("sleep", "600")
UPDATES, ENTRIES = 200_000, 100
SUBMISSIONS, LANES = 3_000, 200
OPEN_JOBS = 3_000
TAKEOVERS, STEPS = 3, 300


def stranger() -> ConnectionPool:
    """Connections of one that calls itself a manager, for sending what managers send."""
    clock, rng, metrics = SystemClock(), random.Random(1), CountingMetrics()
    logger = node_logger("manager", "bench")
    supervisor = Supervisor(clock, rng, logger, metrics)
    transport = TcpTransport(supervisor, clock, logger, metrics)
    identity = Identity(Role.MANAGER, "bench", "dc1", "bench-1")
    return ConnectionPool(transport, {}, identity, clock)


async def submit(client: Client, *workflows: Workflow) -> JobHandle:
    return await client.submit(Job(name="bench", workflows=workflows), watch=False)


async def progress(cluster: LocalCluster, client: Client) -> None:
    """Batches as managers send them, as fast as the gate takes them; the yardstick reads bytes."""
    (gate,) = cluster.addresses("gate")
    names = [f"w{number}" for number in range(ENTRIES)]
    waiting = (Workflow(name=name, command=SLEEP) for name in names)
    handle = await submit(client, *waiting)
    await asyncio.sleep(1.0)
    pool = stranger()
    connection = await pool.connection(Address(gate))
    for entries in (1, ENTRIES):
        count = UPDATES // (10 if entries == 1 else 1)
        messages = [
            told(handle.id, names[:entries], sequence)
            for sequence in range(1, count // entries + 1)
        ]
        started = time.perf_counter()
        for message in messages:
            await connection.send(message)
        await connection.request(ShowJob(handle.id), timeout=120.0)
        rate = count / (time.perf_counter() - started)
        size = len(msgspec.msgpack.encode(messages[0]))
        bare = await bare_rate(size, len(messages)) * entries
        print(
            f"progress, {entries:3} updates a message of {size} bytes: {rate:9,.0f} updates/s; "
            f"a bare socket reads the same bytes {bare / rate:.1f} times as fast"
        )
    await handle.cancel()
    await pool.close()


def told(job_id: str, names: list[str], sequence: int) -> JobProgress:
    """What a manager says: totals, and where each attempt stands."""
    totals = DatacenterProgress("dc1", "running", sequence, 0, len(names), 10_000_000)
    entries = tuple(
        AttemptProgress(name, 1, sequence, sequence * 0.1, sequence, 10_000_000, worker="w")
        for name in names
    )
    # Every hundred messages are as of a later manager, so that no run is older than the last.
    return JobProgress(job_id, "dc1", 1_000_000 + len(names), sequence, totals, entries)


async def bare_rate(size: int, count: int) -> float:
    """Messages of `size` bytes that a stream reader takes in a second, from another task."""
    done = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(count):
            await reader.readexactly(size)
        done.set()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    body = bytes(size)
    started = time.perf_counter()
    for _ in range(count):
        writer.write(body)
        await writer.drain()
    await done.wait()
    rate = count / (time.perf_counter() - started)
    writer.close()
    server.close()
    return rate


async def submissions(cluster: LocalCluster, client: Client, folder: Path) -> None:
    """Separate empty jobs, many clients' worth at once; the yardstick is one disk sync."""
    ended = asyncio.Semaphore(0)

    async def lane() -> None:
        for _ in range(SUBMISSIONS // LANES):
            await submit(client, Workflow(name="w", run=EMPTY))
            ended.release()

    await submit(client, Workflow(name="w", run=EMPTY))
    gate = psutil.Process(cluster.nodes["gate-1"].pid)
    before = sum(gate.cpu_times()[:2])
    started = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(LANES)))
    took = time.perf_counter() - started
    busy = sum(gate.cpu_times()[:2]) - before
    rate = SUBMISSIONS / took
    sync = sync_seconds(folder)
    print(
        f"durable submissions of separate jobs, which run meanwhile: {rate:,.0f} /s through one "
        f"gate, {rate * sync:.1f} for each disk sync of {sync * 1e3:.2f} ms; all processes share "
        f"this machine, the gate took {busy / took:.2f} of a core: {SUBMISSIONS / busy:,.0f} for "
        "each second of its own"
    )


async def memory(cluster: LocalCluster, client: Client) -> None:
    """Jobs that wait for cores; the yardstick is the encoded job itself."""
    gate = psutil.Process(cluster.nodes["gate-1"].pid)
    workflow = Workflow(name="w", command=SLEEP)

    async def lane(jobs: int) -> None:
        for _ in range(jobs):
            await submit(client, workflow)

    await lane(100)
    await asyncio.sleep(2.0)
    before = gate.memory_info().rss
    await asyncio.gather(*(lane(OPEN_JOBS // LANES) for _ in range(LANES)))
    await asyncio.sleep(3.0)
    each = (gate.memory_info().rss - before) / OPEN_JOBS
    payload = len(msgspec.msgpack.encode(Job(name="bench", workflows=(workflow,))))
    print(
        f"resident memory of the gate for each of {OPEN_JOBS} open jobs: {each:,.0f} bytes, of "
        f"{payload} bytes each when encoded; {each / 4096:.2f} of 4 KiB"
    )


async def takeover(folder: Path) -> None:
    """From SIGKILL to the heir's word, beside how long until an observer knew of the death."""
    ratios = []
    for number in range(TAKEOVERS):
        where = folder / f"takeover-{number}"
        where.mkdir()
        async with LocalCluster(Shape(gates=2, workers=1, cores=2), where) as cluster:
            ratios.append(await one_takeover(cluster))
    for known, taken, heard in ratios:
        print(
            f"takeover: another member knew of the death after {known:.2f} s, the heir had the "
            f"job after {taken:.2f} s ({taken / known:.2f} times that), its client heard so after "
            f"{heard:.2f} s"
        )
    worst = max(taken - known for known, taken, _ in ratios)
    print(f"takeover: at most {worst:.2f} s after the detection")


async def one_takeover(cluster: LocalCluster) -> tuple[float, float, float]:
    """Seconds until the death was known, the heir had the job, and its client heard of it."""
    gates = {node.name: node for node in cluster.nodes.values() if node.name.startswith("gate")}
    seed = next(node.ready.member_address for node in gates.values() if node.ready)
    async with (
        Client(cluster.addresses("gate")) as client,
        Node.join(name="observer", bind="127.0.0.1:0", seeds=[seed], profile="local") as observer,
    ):
        handle = await client.submit(
            Job(name="bench", workflows=(Workflow(name="w", command=SLEEP),))
        )
        await asyncio.sleep(2.0)
        owner = (await handle.show()).owner
        events = observer.events()
        killed, killed_wall = time.perf_counter(), time.time()
        await gates[owner].kill()

        async def known() -> float:
            async for event in events:
                if event.kind == "died" and event.member.name == owner:
                    break
            return time.perf_counter() - killed

        async def went_on() -> float:
            async for update in handle.updates():
                if update.kind == "takeover":
                    break
            return time.perf_counter() - killed

        async with asyncio.timeout(60):
            found = await asyncio.gather(known(), went_on())
        story = (await handle.history()).events
        taken = next(event.wall for event in story if event.kind == "takeover") - killed_wall
        await handle.cancel()
        return found[0], taken, found[1]


async def main() -> None:
    """Print every figure with its yardstick."""
    os.environ.setdefault("PYTHONPATH", os.getcwd())
    with tempfile.TemporaryDirectory(prefix="shoal-gate-") as name:
        folder = Path(name)
        shape = Shape(workers=2, cores=1, log_level="error")
        async with LocalCluster(shape, folder) as cluster:
            async with Client(cluster.addresses("gate")) as client:
                await submissions(cluster, client, folder)
                await progress(cluster, client)
                await memory(cluster, client)
        await takeover(folder)


if __name__ == "__main__":
    uvloop.run(main())
