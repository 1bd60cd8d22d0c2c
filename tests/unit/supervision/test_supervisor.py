"""Tasks fail loudly, by their policy; a scope closes everything it holds."""

from __future__ import annotations

import asyncio
import logging
import random

import pytest

from distributed.clock import SystemClock, WheelTimers
from distributed.supervision import JobScope, Policy, Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics


class Boom(RuntimeError):
    pass


class Bench:
    """A supervisor with what it reported."""

    def __init__(self) -> None:
        self.metrics = CountingMetrics()
        self.fatal: list[str] = []
        self.logger = node_logger("gate", "gate-1")
        self.supervisor = Supervisor(
            SystemClock(),
            random.Random(1),
            self.logger,
            self.metrics,
            on_fatal=lambda name, _: self.fatal.append(name),
            first_pause_seconds=0.001,
        )

    def scope(self) -> JobScope:
        """A scope whose timers are those of the running loop."""
        timers = WheelTimers(asyncio.get_running_loop(), on_error=lambda *_: None)
        return JobScope("j1", self.supervisor, self.logger, timers)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def fail() -> None:
    raise Boom("no reason")


def fail_at_once() -> None:
    raise Boom("no reason")


async def test_a_failure_is_logged_with_its_context_and_counted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        await bench.supervisor.spawn("flush:j1", fail, job="j1")
    assert [record.job for record in caplog.records] == ["j1"]
    assert "flush:j1 failed (once): no reason" in caplog.records[0].getMessage()
    assert bench.metrics.counts[("task_failures", (("task", "flush"),))] == 1
    assert bench.fatal == []


async def test_a_restarting_task_runs_until_it_succeeds(bench: Bench) -> None:
    runs = 0

    async def third_time_lucky() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise Boom

    await bench.supervisor.spawn("probe", third_time_lucky, policy=Policy.RESTART)
    assert runs == 3
    assert bench.metrics.total("task_failures") == 2


async def test_a_task_that_must_not_fail_stops_the_node(bench: Bench) -> None:
    await bench.supervisor.spawn("ledger", fail, policy=Policy.STOP)
    assert bench.fatal == ["ledger"]


async def test_stop_cancels_what_runs_and_refuses_what_is_new(bench: Bench) -> None:
    cleaned = asyncio.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    bench.supervisor.spawn("forever", forever)
    await asyncio.sleep(0)
    assert bench.supervisor.running == ("forever",)
    await bench.supervisor.stop()
    assert cleaned.is_set()
    assert bench.supervisor.running == ()
    with pytest.raises(RuntimeError, match="stopping"):
        bench.supervisor.spawn("late", forever)


async def test_a_scope_closes_newest_first_and_goes_on_past_errors(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    closed: list[str] = []
    scope = bench.scope()
    scope.register("first", lambda: closed.append("first"))
    scope.register("bad", fail_at_once)
    scope.register("last", lambda: closed.append("last"))
    with caplog.at_level(logging.ERROR):
        scope.close()
    assert closed == ["last", "first"]
    assert "closing bad failed" in caplog.text
    assert scope.held == ()


async def test_a_scope_ends_its_tasks_and_forgets_the_ended_ones(bench: Bench) -> None:
    scope = bench.scope()

    async def briefly() -> None:
        return

    await scope.spawn("brief", briefly, policy=Policy.ONCE)
    await asyncio.sleep(0)
    assert scope.held == ()
    task = scope.spawn("long", asyncio.Event().wait, policy=Policy.ONCE)
    scope.close()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_closed_scope_holds_nothing_more(bench: Bench) -> None:
    scope = bench.scope()
    scope.close()
    with pytest.raises(RuntimeError, match="closed"):
        scope.register("late", lambda: None)
    assert scope.held == ()


async def test_a_timer_of_a_scope_runs_once_and_is_forgotten(bench: Bench) -> None:
    scope, ran = bench.scope(), asyncio.Event()
    scope.timer("resend", 0.0, ran.set)
    assert scope.held == ("resend",)
    await ran.wait()
    assert scope.held == ()


async def test_a_timer_set_again_replaces_the_one_before(bench: Bench) -> None:
    scope, ran = bench.scope(), asyncio.Event()
    before: list[str] = []
    scope.timer("resend", 0.0, lambda: before.append("first"))
    scope.timer("resend", 0.0, ran.set)
    await ran.wait()
    assert before == []


async def test_the_close_of_a_scope_cancels_its_timers_and_takes_no_more(bench: Bench) -> None:
    scope, ran = bench.scope(), asyncio.Event()
    late: list[str] = []
    scope.timer("orphan", 0.0, lambda: late.append("orphan"))
    scope.close()
    scope.timer("resend", 0.0, lambda: late.append("resend"))
    assert scope.held == ()
    bench.scope().timer("other", 0.0, ran.set)
    await ran.wait()
    assert late == []


async def test_a_timer_may_close_its_own_scope(bench: Bench) -> None:
    scope, closed = bench.scope(), asyncio.Event()

    def forget() -> None:
        scope.close()
        closed.set()

    scope.timer("forget", 0.0, forget)
    await closed.wait()
    assert scope.closed


async def test_a_timer_that_fails_is_logged_with_its_job_and_counted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    scope, ran = bench.scope(), asyncio.Event()

    def fails() -> None:
        ran.set()
        raise Boom("no reason")

    with caplog.at_level(logging.ERROR):
        scope.timer("timeout:d1", 0.0, fails)
        await ran.wait()
    assert [record.job for record in caplog.records] == ["j1"]
    assert bench.metrics.counts[("timer_failures", (("kind", "timeout"),))] == 1
