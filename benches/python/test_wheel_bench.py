"""What a timer costs from Python, beside the event loops' own.

    pytest benches/python/test_wheel_bench.py --benchmark-enable --benchmark-group-by=group

Every row does `COUNT` pairs (or expiries) a round; the ratio to read is that of rows of one
group in one run.
"""

from __future__ import annotations

import asyncio
import random
from array import array
from collections.abc import Callable

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

from distributed._native import TimerWheel, build_profile
from distributed.clock import WheelTimers

COUNT = 100_000
DELAYS = [random.Random(7).uniform(1, 60) for _ in range(COUNT)]

pytestmark = pytest.mark.skipif(
    build_profile() == "debug", reason="a debug build measures nothing: build with --release"
)


def measure(benchmark: BenchmarkFixture, group: str, work: Callable[[], object]) -> None:
    benchmark.group = f"{group}, {COUNT:,}"
    benchmark.pedantic(work, rounds=7, warmup_rounds=1)
    benchmark.extra_info["ns_each"] = benchmark.stats.stats.min / COUNT * 1e9


def filled() -> TimerWheel:
    """A wheel with as many timers already waiting."""
    wheel = TimerWheel()
    wheel.schedule_many(array("d", DELAYS), array("Q", range(COUNT)))
    return wheel


def test_wheel_schedule_and_cancel_one_by_one(benchmark: BenchmarkFixture) -> None:
    wheel = filled()
    schedule, cancel = wheel.schedule, wheel.cancel

    def work() -> None:
        for delay in DELAYS:
            cancel(schedule(delay, 7))

    measure(benchmark, "schedule and cancel", work)


def test_wheel_schedule_and_cancel_in_batches_of_arrays(benchmark: BenchmarkFixture) -> None:
    wheel = filled()
    deadlines, tokens = array("d", DELAYS), array("Q", range(COUNT))

    def work() -> None:
        assert wheel.cancel_many(wheel.schedule_many(deadlines, tokens)) == COUNT

    measure(benchmark, "schedule and cancel", work)


def test_wheel_schedule_and_cancel_in_batches_of_a_thousand(benchmark: BenchmarkFixture) -> None:
    wheel = filled()
    size = 1_000
    deadlines = [array("d", DELAYS[n : n + size]) for n in range(0, COUNT, size)]
    tokens = array("Q", range(size))

    def work() -> None:
        for some in deadlines:
            wheel.cancel_many(wheel.schedule_many(some, tokens))

    measure(benchmark, "schedule and cancel", work)


def test_wheel_timers_on_asyncio(benchmark: BenchmarkFixture) -> None:
    loop = asyncio.new_event_loop()
    timers = WheelTimers(loop, on_error=print)
    start = loop.time()

    def work() -> None:
        for delay in DELAYS:
            timers.cancel(timers.call_at(start + delay, print))

    timers.call_later(3_600, print)
    measure(benchmark, "schedule and cancel", work)
    timers.stop()
    loop.close()


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_loop_call_later_and_cancel(
    benchmark: BenchmarkFixture, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    loop = new_loop()

    def work() -> None:
        for delay in DELAYS:
            loop.call_later(delay, print).cancel()
        loop.call_soon(loop.stop)
        loop.run_forever()

    measure(benchmark, "schedule and cancel", work)
    loop.close()


def test_wheel_expiry(benchmark: BenchmarkFixture) -> None:
    def work() -> None:
        wheel = filled()
        fired = 0
        for now in range(1, 61):
            fired += len(wheel.advance(now))
        assert fired == COUNT

    measure(benchmark, "fill, then expire", work)


def test_wheel_expiry_as_arrays(benchmark: BenchmarkFixture) -> None:
    def work() -> None:
        assert len(filled().advance_array(61.0)) == COUNT

    measure(benchmark, "fill, then expire", work)


class PlainLoop(asyncio.SelectorEventLoop):
    """A loop whose clock the bench moves."""

    now = 0.0

    def time(self) -> float:
        return self.now


@pytest.mark.parametrize("through_wheel", [True, False])
def test_loop_expiry(benchmark: BenchmarkFixture, through_wheel: bool) -> None:
    def work() -> None:
        loop = PlainLoop()
        ran: list[int] = []
        call_at = WheelTimers(loop, on_error=print).call_at if through_wheel else loop.call_at
        for n, delay in enumerate(DELAYS):
            call_at(delay, ran.append, n)
        for loop.now in range(1, 61):
            loop.call_soon(loop.stop)
            loop.run_forever()
        loop.close()
        assert len(ran) == COUNT

    measure(benchmark, "fill, then expire", work)
