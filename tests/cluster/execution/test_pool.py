"""The subprocess pool runs what it is given and outlives whatever that does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from distributed.errors import ConfigError
from distributed.execution.events import Lost, Started
from distributed.execution.frames import Finished, Output

from .conftest import Bench

MakeBench = Callable[..., Awaitable[Bench]]
pytestmark = pytest.mark.cluster


def value(finished: Finished) -> object:
    assert finished.state == "completed", finished
    return msgspec.msgpack.decode(finished.value)


@pytest.mark.parametrize("run", ["add", "add_later"])
async def test_a_function_and_a_coroutine_return_their_value(bench: Bench, run: str) -> None:
    """MW 8.2, 8.3, 8.4a."""
    assert value(await bench.end(bench.start(run, args={"a": 2, "b": 3}))) == 5


async def test_a_command_runs_with_its_output_and_its_arguments(bench: Bench) -> None:
    dispatch = bench.start("", command=("sh", "-c", "echo got $SHOAL_ARG_N"), args={"n": 7})
    assert value(await bench.end(dispatch)) == {"exit_status": 0}
    (output,) = bench.seen(dispatch, Output)
    assert output.lines == ("got 7",)


async def test_a_failing_command_says_its_status(bench: Bench) -> None:
    finished = await bench.end(bench.start("", command=("sh", "-c", "exit 4")))
    assert (finished.state, finished.error) == ("failed", "sh exited with status 4")


async def test_a_command_that_does_not_exist_fails_by_name(bench: Bench) -> None:
    finished = await bench.end(bench.start("", command=("no-such-program",)))
    assert finished.state == "failed"
    assert "no-such-program" in finished.error


async def test_a_raising_workflow_sends_its_traceback_without_our_frames(bench: Bench) -> None:
    """MW 8.4b, 20.2a."""
    finished = await bench.end(bench.start("raising"))
    assert (finished.state, finished.error) == ("failed", "ValueError: as asked")
    assert 'raise ValueError("as asked")' in finished.traceback
    assert "runner.py" not in finished.traceback


async def test_a_value_that_cannot_be_encoded_fails_the_workflow(bench: Bench) -> None:
    """MW 20.2b."""
    finished = await bench.end(bench.start("unencodable"))
    assert finished.state == "failed"
    assert "object" in finished.error


async def test_an_import_path_that_leads_nowhere_fails_the_workflow(bench: Bench) -> None:
    finished = await bench.end(bench.start("no_such_function"))
    assert finished.state == "failed"
    assert "no_such_function" in finished.error


async def test_sys_exit_fails_the_workflow_and_keeps_the_child(bench: Bench) -> None:
    assert (await bench.end(bench.start("sys_exit"))).error == "SystemExit: 3"


@pytest.mark.parametrize(
    ("run", "args", "words"),
    [("leaving", {"status": 9}, "status 9"), ("killing_itself", {}, "SIGKILL")],
)
async def test_a_process_that_dies_loses_its_workflow_and_no_other(
    bench: Bench, run: str, args: dict[str, int], words: str
) -> None:
    """MW 6.1, 10.3: one crash never takes the worker down."""
    beside = bench.start("sleeping", args={"seconds": 0.3})
    lost = await bench.end(bench.start(run, args=args))
    assert isinstance(lost, Lost)
    assert lost.started
    assert words in lost.reason
    assert value(await bench.end(beside)) == "slept"
    assert value(await bench.end(bench.start("add", args={"a": 1, "b": 1}))) == 2


async def test_a_child_killed_from_outside_loses_its_workflow(bench: Bench) -> None:
    dispatch = bench.start("sleeping", args={"seconds": 60})
    started = await bench.started(dispatch)
    os.kill(started.pid, signal.SIGKILL)
    assert isinstance(await bench.end(dispatch), Lost)


async def test_children_stay_warm_between_workflows(bench: Bench) -> None:
    first = value(await bench.end(bench.start("pid")))
    assert value(await bench.end(bench.start("pid"))) == first


async def test_a_worn_child_is_replaced(make_bench: MakeBench) -> None:
    bench = await make_bench(slots=1, runs_per_child=2)
    pids = [value(await bench.end(bench.start("pid"))) for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


async def test_cores_are_bound_while_a_workflow_runs_and_free_after(bench: Bench) -> None:
    """MW 2.1, 2.3, 8.5a; invariant 9."""
    wide = bench.start("sleeping", args={"seconds": 0.1}, cores=2)
    narrow = bench.start("empty")
    await bench.started(wide)
    assert bench.pool.free_slots == 0
    await asyncio.sleep(0.03)
    assert not bench.seen(narrow, Started)
    await bench.end(wide)
    await bench.end(narrow)
    assert bench.pool.free_slots == 2


async def test_more_cores_than_there_are_is_refused_at_once(bench: Bench) -> None:
    """MW 2.2a."""
    with pytest.raises(ConfigError, match="3 cores asked for, 2 here"):
        bench.start("empty", cores=3)


async def test_a_wide_workflow_is_not_overtaken_for_ever(bench: Bench) -> None:
    """MW 2.5c, 46.1."""
    first = bench.start("sleeping", args={"seconds": 0.1})
    wide = bench.start("sleeping", args={"seconds": 0.01}, cores=2)
    later = [bench.start("sleeping", args={"seconds": 0.01}) for _ in range(4)]
    for dispatch in (first, wide, *later):
        await bench.end(dispatch)
    order = [name for name in bench.events if bench.seen(name, Started)]
    assert order.index(wide) < order.index(later[0])


async def test_a_thousand_tiny_workflows_each_end_once(bench: Bench) -> None:
    dispatches = [bench.start("add", args={"a": n, "b": 0}) for n in range(1000)]
    values = [value(await bench.end(dispatch)) for dispatch in dispatches]
    assert values == list(range(1000))
    assert bench.pool.free_slots == 2
    assert bench.pool.waiting == 0


async def test_a_crash_among_tiny_workflows_costs_only_the_one_that_crashed(
    bench: Bench,
) -> None:
    dispatches = [bench.start("empty") for _ in range(200)]
    crashing = bench.start("leaving", args={"status": 1})
    dispatches += [bench.start("empty") for _ in range(200)]
    assert isinstance(await bench.end(crashing), Lost)
    for dispatch in dispatches:
        assert value(await bench.end(dispatch)) is None


async def test_what_was_sent_behind_a_long_workflow_is_taken_back(make_bench: MakeBench) -> None:
    bench = await make_bench(slots=2)
    for _ in range(20):
        await bench.end(bench.start("sleeping", args={"seconds": 0}))
    first = bench.start("sleeping", args={"seconds": 60})
    rest = [bench.start("sleeping", args={"seconds": 0}) for _ in range(100)]
    for dispatch in rest:
        assert value(await bench.end(dispatch)) == "slept"
    assert bench.pool.cancel(first, 0.0)
    await bench.end(first)


async def test_inputs_reach_the_workflow_decoded(bench: Bench) -> None:
    """MW 41.11a."""
    inputs = (("a", msgspec.msgpack.encode({"x": 1})), ("b", b""))
    assert value(await bench.end(bench.start("results_of", inputs=inputs))) == {
        "a": {"x": 1},
        "b": None,
    }


async def test_the_context_says_which_attempt_it_is(bench: Bench) -> None:
    end = await bench.end(bench.start("attempt", attempt=3))
    assert value(end) == ["job", "attempt", 3]


async def test_a_large_result_lies_in_a_file(bench: Bench) -> None:
    """MW 10.2b: over 1 MiB spills, below travels."""
    small = await bench.end(bench.start("large", args={"size": 1000}))
    assert small.reference == ""
    big = await bench.end(bench.start("large", args={"size": 2 << 20}))
    assert big.value == b""
    content = Path(big.reference.removeprefix("file://")).read_bytes()
    assert msgspec.msgpack.decode(content) == b"x" * (2 << 20)


async def test_tasks_left_by_one_coroutine_do_not_run_into_the_next(
    make_bench: MakeBench,
) -> None:
    bench = await make_bench(slots=1)
    await bench.end(bench.start("leaves_a_task"))
    assert value(await bench.end(bench.start("count_tasks"))) == 1


async def test_no_process_outlives_the_pool(bench: Bench, tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    dispatch = bench.start("child_sleeping", args={"marker": str(marker)})
    await bench.started(dispatch)
    while not marker.exists() or not marker.read_text():
        await asyncio.sleep(0.01)
    await bench.pool.close()
    grandchild = int(marker.read_text())
    for _ in range(500):
        if state_of(grandchild) in ("", "Z"):
            break
        await asyncio.sleep(0.01)
    assert state_of(grandchild) in ("", "Z")


async def test_a_fork_that_returns_answers_once(bench: Bench) -> None:
    assert value(await bench.end(bench.start("forking"))) == "parent"
    assert value(await bench.end(bench.start("add", args={"a": 1, "b": 1}))) == 2


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""
