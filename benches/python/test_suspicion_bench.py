"""What a suspicion costs from Python, one by one and in batches, with 100,000 live.

    pytest benches/python/test_suspicion_bench.py --benchmark-enable

A life is start, two confirmations, refutation: four operations.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benches.python.suspicion_tasks import SuspicionTasks
from distributed._native import SuspicionTable, build_profile

LIVE = 100_000
LIVES = 10_000
BOUNDS = (5.0, 30.0, 3)

pytestmark = pytest.mark.skipif(
    build_profile() == "debug", reason="a debug build measures nothing: build with --release"
)


def live() -> SuspicionTable:
    table = SuspicionTable(total=1_000_000, nodes=1_000_000)
    nodes = array("Q", range(1_000_000, 1_000_000 + LIVE))
    table.suspect_many(nodes, array("Q", [1]) * LIVE, 1, 0.0, *BOUNDS)
    return table


def measure(benchmark: BenchmarkFixture, work: Callable[[], object], operations: int) -> None:
    benchmark.group = "suspicion, 100,000 live"
    benchmark.pedantic(work, rounds=7, warmup_rounds=1)
    benchmark.extra_info["ns_an_operation"] = benchmark.stats.stats.min / operations * 1e9


def test_lives_one_by_one(benchmark: BenchmarkFixture) -> None:
    table = live()
    incarnation = 0

    def work() -> None:
        nonlocal incarnation
        incarnation += 1
        for node in range(10, 10 + LIVES):
            table.suspect(node, incarnation, 1, 1.0, 5.0, 30.0, 3)
            table.confirm(node, incarnation, 2, 1.0)
            table.confirm(node, incarnation, 3, 1.0)
            table.refute(node, incarnation + 1)

    measure(benchmark, work, 4 * LIVES)


def test_lives_as_asyncio_tasks(benchmark: BenchmarkFixture) -> None:
    """The stand-in for the earlier system; nothing else is suspected, unlike above."""

    async def lives() -> None:
        tasks = SuspicionTasks(5.0, 30.0, 1_000)
        for node in range(LIVES):
            tasks.suspect(node, 1, 1)
        await asyncio.sleep(0)
        for node in range(LIVES):
            tasks.confirm(node, 1, 2)
            tasks.confirm(node, 1, 3)
        for node in range(LIVES):
            tasks.refute(node, 2)
        await asyncio.sleep(0)

    measure(benchmark, lambda: asyncio.run(lives()), 4 * LIVES)


def test_lives_in_batches(benchmark: BenchmarkFixture) -> None:
    table = live()
    nodes = array("Q", range(10, 10 + LIVES))
    incarnation = 0

    def work() -> None:
        nonlocal incarnation
        incarnation += 1
        now, after = (array("Q", [incarnation + n]) * LIVES for n in (0, 1))
        table.suspect_many(nodes, now, 1, 1.0, *BOUNDS)
        assert table.confirm_many(nodes, now, 2, 1.0) == LIVES
        assert table.confirm_many(nodes, now, 3, 1.0) == LIVES
        assert table.refute_many(nodes, after) == LIVES

    measure(benchmark, work, 4 * LIVES)


def test_expiry_of_ten_thousand(benchmark: BenchmarkFixture) -> None:
    nodes, ones = array("Q", range(LIVES)), array("Q", [1]) * LIVES

    def work() -> None:
        table = SuspicionTable()
        table.suspect_many(nodes, ones, LIVE, 0.0, *BOUNDS)
        assert len(table.expire(30.0)) == LIVES

    measure(benchmark, work, 2 * LIVES)


def test_health_shift(benchmark: BenchmarkFixture) -> None:
    table = live()

    def work() -> None:
        for n in range(1, 1_001):
            table.set_multiplier(n % 9 + 1, 1.0)

    measure(benchmark, work, 1_000)
