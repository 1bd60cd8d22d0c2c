"""What every peer measures, in the same words: one JSON line on standard output."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

WARM = 50
ONE_BY_ONE = 1_000
TOGETHER = 2_000


def measure(name: str, one: Callable[[], object], many: Callable[[int], object]) -> None:
    """Time `one()` again and again, then `many(n)` three times."""
    for _ in range(WARM):
        one()
    taken = []
    for _ in range(ONE_BY_ONE):
        started = time.perf_counter()
        one()
        taken.append((time.perf_counter() - started) * 1000)
    many(TOGETHER // 4)
    rates = []
    for _ in range(3):
        started = time.perf_counter()
        many(TOGETHER)
        rates.append(TOGETHER / (time.perf_counter() - started))
    taken.sort()
    line = {
        "peer": name,
        "p50_ms": statistics.median(taken),
        "p99_ms": taken[int(len(taken) * 0.99)],
        "tasks_per_second": statistics.median(rates),
    }
    sys.stdout.write(json.dumps(line) + "\n")
