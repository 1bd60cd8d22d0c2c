"""What every peer measures, in the same words: one JSON line on standard output."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

WARM = 50
ONE_BY_ONE = 1_000
TOGETHER = 2_000


def measure(name: str, one: Callable[[], object], many: Callable[[int], object]) -> None:
    """Time `one()` again and again, then `many(n)` three times."""

    async def awaited_one() -> None:
        one()

    async def awaited_many(count: int) -> None:
        many(count)

    asyncio.run(measure_awaited(name, awaited_one, awaited_many))


async def measure_awaited(
    name: str,
    one: Callable[[], Awaitable[object]],
    many: Callable[[int], Awaitable[object]],
    **yardsticks: float,
) -> None:
    """The same for those whose users await; `yardsticks` are told beside."""
    for _ in range(WARM):
        await one()
    taken = []
    for _ in range(ONE_BY_ONE):
        started = time.perf_counter()
        await one()
        taken.append((time.perf_counter() - started) * 1000)
    await many(TOGETHER // 4)
    rates = []
    for _ in range(3):
        started = time.perf_counter()
        await many(TOGETHER)
        rates.append(TOGETHER / (time.perf_counter() - started))
    taken.sort()
    line = {
        "peer": name,
        "p50_ms": statistics.median(taken),
        "p99_ms": taken[int(len(taken) * 0.99)],
        "tasks_per_second": statistics.median(rates),
        **yardsticks,
    }
    sys.stdout.write(json.dumps(line) + "\n")
