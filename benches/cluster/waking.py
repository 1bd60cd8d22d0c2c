"""What events cost the loop, and what a busy loop costs an answer."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import threading
import time
from pathlib import Path

from distributed.membership import Node

PICTURE = Path(__file__).parents[2] / "docs" / "performance" / "loop-lag-beside-ack.svg"
EVENTS_A_SECOND = 10_000


def compare(seconds: float) -> None:
    """The share of one core that the loop spends on ten thousand user events a second."""
    print(f"\n## waking Python: {EVENTS_A_SECOND} events a second for {seconds:g} s")
    used, idle, seen = asyncio.run(_waking(seconds))
    print(f"{seen / seconds:8.0f} events a second read  {(used - idle) / seconds:6.2%} of a core")


async def _waking(seconds: float) -> tuple[float, float, int]:
    async with Node.join(name="reader", profile="local") as node:
        before = time.thread_time()
        await asyncio.sleep(1.0)
        idle = (time.thread_time() - before) * seconds
        seen = 0
        events = node.events()

        async def read() -> None:
            nonlocal seen
            async for event in events:
                seen += 1 if event.kind == "userevent" else getattr(event, "count", 0)

        stopping = threading.Event()
        source = threading.Thread(target=_produce, args=(node, stopping))
        source.start()
        before = time.thread_time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(read(), seconds)
        used = time.thread_time() - before
        stopping.set()
        source.join()
        return used, idle, seen


def _produce(node: Node, stopping: threading.Event) -> None:
    """User events at the rate, from another thread so that only their reading counts."""
    start, sent = time.monotonic(), 0
    while not stopping.wait(0.002):
        due = int((time.monotonic() - start) * EVENTS_A_SECOND)
        for number in range(sent, due):
            node.broadcast("tick", str(number).encode())
        sent = due


def picture(seconds: float) -> None:
    """Loop lag beside ack latency while the loop is hogged 100 ms of every 200."""
    print(f"\n## the loop is hogged 100 ms of every 200, for {seconds:g} s")
    lags, acks = asyncio.run(_hogged(seconds))
    loop = [lag for _, lag in lags]
    answer = [rtt for _, rtt in acks]
    print(f"loop lag  p50 {statistics.median(loop) * 1e3:8.3f} ms  max {max(loop) * 1e3:8.1f} ms")
    print(
        f"ack       p50 {statistics.median(answer) * 1e3:8.3f} ms"
        f"  p99 {sorted(answer)[int(len(answer) * 0.99)] * 1e3:8.3f} ms  ({len(answer)} probes)"
    )
    _draw(lags, acks)
    print(f"drawn: {PICTURE}")


async def _hogged(seconds: float) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    prober = Path(__file__).with_name("ack_clock.py")
    lags: list[tuple[float, float]] = []
    async with Node.join(name="hogged") as node:
        probe = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", str(prober), node.address, str(seconds),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert probe.stdout
        await probe.stdout.readline()
        start = time.monotonic()

        async def watch() -> None:
            while True:
                due = time.monotonic() + 0.005
                await asyncio.sleep(0.005)
                lags.append((time.monotonic() - start, max(0.0, time.monotonic() - due)))

        watching = asyncio.create_task(watch())
        while time.monotonic() - start < seconds:
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                pass
            await asyncio.sleep(0.1)
        watching.cancel()
        out = (await probe.communicate())[0].decode().splitlines()
    acks = [(float(a), float(b)) for a, b in (line.split() for line in out)]
    return lags, acks


def _draw(lags: list[tuple[float, float]], acks: list[tuple[float, float]]) -> None:
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4))
    shown = 3.0
    axes.plot(*zip(*[(t, v * 1e3) for t, v in lags if t < shown], strict=True), label="loop lag")
    axes.plot(
        *zip(*[(t, v * 1e3) for t, v in acks if t < shown], strict=True), ".", label="ack latency"
    )
    axes.set_yscale("log")
    axes.set_xlabel("seconds")
    axes.set_ylabel("milliseconds")
    axes.set_title("The loop is busy 100 ms of every 200; the answers are not late")
    axes.legend()
    figure.tight_layout()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE)
