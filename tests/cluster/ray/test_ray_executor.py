"""The Ray executor against a real Ray on this machine; skipped where Ray is not installed.

Ray wants an environment of its own: `SHOAL_TEST_RAY=1 pytest tests/cluster/test_ray.py` makes
one and runs this folder in it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

pytest.importorskip("ray", reason="ray is not installed in this environment (shoal[ray])")

from distributed.errors import ConfigError
from distributed.execution.events import Lost
from distributed.execution.frames import Finished, Output, Progressed, Reported
from distributed.execution.ray import RayExecutor, RaySettings
from tests.cluster.execution.conftest import HERE, Bench

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("default"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Any:
    """One Ray for the whole module: it takes seconds to start."""
    import ray

    paths = os.pathsep.join([HERE, os.path.join(os.getcwd(), "python")])
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": paths}},
    )
    yield ray
    ray.shutdown()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    tasks: list[asyncio.Task[None]] = []

    def spawn(name: str, factory: Any) -> object:
        tasks.append(asyncio.create_task(factory(), name=name))
        return tasks[-1]

    executor = RayExecutor(RaySettings(address="auto", import_paths=(HERE,)), spawn)
    await executor.open()
    yield Bench(executor)  # type: ignore[arg-type]
    await executor.close()
    await asyncio.gather(*tasks)


async def test_it_offers_the_clusters_cores(bench: Bench) -> None:
    assert bench.pool.slots == 2
    with pytest.raises(ConfigError, match="3 cores asked for"):
        bench.start("empty", cores=3)


@pytest.mark.parametrize("run", ["add", "add_later"])
async def test_a_function_and_a_coroutine_return_their_value(bench: Bench, run: str) -> None:
    finished = await bench.end(bench.start(run, args={"a": 2, "b": 3}))
    assert msgspec.msgpack.decode(finished.value) == 5
    assert bench.pool.free_slots == 2


async def test_a_traceback_travels_back(bench: Bench) -> None:
    finished = await bench.end(bench.start("raising"))
    assert (finished.state, finished.error) == ("failed", "ValueError: as asked")
    assert "as asked" in finished.traceback


async def test_progress_reports_and_output_arrive(bench: Bench) -> None:
    dispatch = bench.start("measuring", args={"times": 50})
    await bench.end(dispatch)
    assert bench.seen(dispatch, Reported)[-1].counters["reports"] == 50
    assert bench.seen(dispatch, Progressed)[-1].done == 50
    talking = bench.start("talking")
    await bench.end(talking)
    lines = [line for output in bench.seen(talking, Output) for line in output.lines]
    assert "to stdout" in lines


async def test_a_polite_workflow_is_asked_and_a_deaf_one_killed(bench: Bench) -> None:
    polite, deaf = bench.start("polite"), bench.start("deaf")
    for dispatch in (polite, deaf):
        await bench.until(lambda dispatch=dispatch: bool(bench.seen(dispatch, Progressed)))
        bench.pool.cancel(dispatch, 2.0, "enough")
    assert (await bench.end(polite)).state == "completed"
    end = await bench.end(deaf)
    assert (end.state, end.error) == ("cancelled", "enough (killed)")


async def test_what_waits_is_cancelled_without_running(bench: Bench) -> None:
    blocking = [bench.start("polite") for _ in range(2)]
    waiting = bench.start("empty")
    assert bench.pool.cancel(waiting, 1.0)
    assert (await bench.end(waiting)).state == "cancelled"
    assert [type(event) for event in bench.events[waiting]] == [Finished]
    for dispatch in blocking:
        bench.pool.cancel(dispatch, 5.0)
        await bench.end(dispatch)


async def test_a_ray_process_that_dies_loses_its_workflow(bench: Bench) -> None:
    lost = await bench.end(bench.start("killing_itself"))
    assert isinstance(lost, Lost)
    assert (await bench.end(bench.start("empty"))).state == "completed"


async def test_inputs_reach_the_workflow(bench: Bench) -> None:
    inputs = (("a", msgspec.msgpack.encode({"x": 1})),)
    finished = await bench.end(bench.start("results_of", inputs=inputs))
    assert msgspec.msgpack.decode(finished.value) == {"a": {"x": 1}}
