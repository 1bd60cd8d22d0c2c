"""Cancelling asks first and kills later; limits end what breaks them and say so."""

from __future__ import annotations

from array import array

import pytest

from distributed.execution.frames import Finished, Output, Progressed, Reported

from .conftest import Bench

pytestmark = pytest.mark.cluster


async def running(bench: Bench, run: str) -> str:
    dispatch = bench.start(run)
    await bench.until(lambda: bool(bench.seen(dispatch, Progressed)))
    return dispatch


async def test_a_polite_workflow_ends_by_itself(bench: Bench) -> None:
    """MW 14.2: what it returns after the request still counts as its end."""
    dispatch = await running(bench, "polite")
    assert bench.pool.cancel(dispatch, 30.0, "no longer needed")
    assert (await bench.end(dispatch)).state == "completed"


async def test_a_coroutine_is_cancelled_where_it_waits(bench: Bench) -> None:
    """MW 8.4c, 14.2b, c."""
    dispatch = await running(bench, "polite_coroutine")
    assert bench.pool.cancel(dispatch, 30.0, "no longer needed")
    end = await bench.end(dispatch)
    assert (end.state, end.error) == ("cancelled", "no longer needed")


@pytest.mark.parametrize("run", ["deaf", "deaf_coroutine", "spinning"])
async def test_a_deaf_workflow_is_killed_after_the_grace(bench: Bench, run: str) -> None:
    dispatch = await running(bench, run)
    assert bench.pool.cancel(dispatch, 0.05, "no longer needed")
    end = await bench.end(dispatch)
    assert (end.state, end.error) == ("cancelled", "no longer needed (killed)")


async def test_a_command_is_asked_by_sigterm(bench: Bench) -> None:
    dispatch = bench.start("", command=("sleep", "3600"))
    await bench.started(dispatch)
    assert bench.pool.cancel(dispatch, 30.0)
    assert (await bench.end(dispatch)).state == "cancelled"


async def test_what_waits_is_cancelled_without_running(bench: Bench) -> None:
    """MW 14.1b, 43.6 one outcome."""
    blocking = [bench.start("deaf") for _ in range(2)]
    waiting = bench.start("empty")
    assert bench.pool.cancel(waiting, 30.0)
    end = await bench.end(waiting)
    assert end.state == "cancelled"
    assert [type(event) for event in bench.events[waiting]] == [Finished]
    for dispatch in blocking:
        bench.pool.cancel(dispatch, 0.0)
        await bench.end(dispatch)


async def test_cancelling_twice_or_after_the_end_changes_nothing(bench: Bench) -> None:
    """MW 56.7."""
    dispatch = await running(bench, "polite")
    assert bench.pool.cancel(dispatch, 30.0)
    assert bench.pool.cancel(dispatch, 0.0)
    assert (await bench.end(dispatch)).state == "completed"
    assert not bench.pool.cancel(dispatch, 0.0)


async def test_memory_over_the_limit_fails_the_workflow(bench: Bench) -> None:
    """MW 41.13c, 20.2c."""
    end = await bench.end(bench.start("hog", args={"megabytes": 2000}, memory_bytes=100 << 20))
    assert end.state == "failed"
    assert "emory" in end.error
    assert (await bench.end(bench.start("empty"))).state == "completed"


async def test_memory_of_descendants_counts(bench: Bench) -> None:
    """MW 41.13d."""
    end = await bench.end(
        bench.start("hog_in_child", args={"megabytes": 45}, memory_bytes=64 << 20)
    )
    assert end.state == "failed"
    assert "memory limit" in end.error


async def test_processor_time_over_the_limit_fails_the_workflow(bench: Bench) -> None:
    end = await bench.end(bench.start("spinning", cpu_seconds=0.3))
    assert end.state == "failed"
    assert "cpu limit" in end.error


async def test_output_of_every_kind_is_captured(bench: Bench) -> None:
    dispatch = bench.start("talking")
    await bench.end(dispatch)
    lines = [
        (output.stream, line) for output in bench.seen(dispatch, Output) for line in output.lines
    ]
    assert ("stdout", "to stdout") in lines
    assert ("stderr", "to stderr") in lines
    assert ("stdout", "from below") in lines
    assert ("stdout", "unfinished") in lines
    assert any("WARNING mine: to the log" in line for _, line in lines)


async def test_output_is_bounded_and_says_what_was_dropped(bench: Bench) -> None:
    """MW 10.2c."""
    dispatch = bench.start("flooding", args={"lines": 12_000})
    await bench.end(dispatch)
    outputs = bench.seen(dispatch, Output)
    assert sum(len(output.lines) for output in outputs) == 10_000
    assert sum(output.dropped for output in outputs) == 2_000


async def test_reports_arrive_whole_and_counters_are_totals(bench: Bench) -> None:
    """MW 9.1."""
    dispatch = bench.start("measuring", args={"times": 10_000})
    await bench.end(dispatch)
    reports = bench.seen(dispatch, Reported)
    latencies = array("d")
    for report in reports:
        latencies.frombytes(report.latencies)
    assert list(latencies) == [n / 1000 for n in range(10_000)]
    assert reports[-1].counters == {"reports": 10_000, "errors": 1_000, "size": 20_000}
    assert bench.seen(dispatch, Progressed)[-1].done == 10_000


async def test_what_was_reported_arrives_while_the_code_goes_on(bench: Bench) -> None:
    """MW 44.4: nothing waits for the workflow's end."""
    dispatch = bench.start("quiet_measuring")

    def both() -> bool:
        return any(r.counters.get("reports") == 2 for r in bench.seen(dispatch, Reported))

    await bench.until(both)
    assert not bench.seen(dispatch, Finished)
    bench.pool.cancel(dispatch, 0.0)
    await bench.end(dispatch)
