"""A Ray node that dies: what ran on it is lost, what ran elsewhere goes on."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

pytest.importorskip("ray", reason="ray is not installed in this environment (shoal[ray])")

from distributed.execution.events import Lost
from distributed.execution.frames import Progressed
from distributed.execution.ray import RayExecutor, RaySettings
from tests.cluster.execution.conftest import HERE, Bench

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]


async def test_what_ran_on_a_dead_node_is_lost_and_the_rest_goes_on() -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    doomed = cluster.add_node(num_cpus=1)
    tasks: list[asyncio.Task[None]] = []

    def spawn(name: str, factory: Any) -> object:
        tasks.append(asyncio.create_task(factory(), name=name))
        return tasks[-1]

    paths = (HERE, os.path.join(os.getcwd(), "python"))
    executor = RayExecutor(RaySettings(address=cluster.address, import_paths=paths), spawn)
    await executor.open()
    try:
        assert executor.slots == 2
        bench = Bench(executor)  # type: ignore[arg-type]
        both = [bench.start("steady", args={"steps": 600}) for _ in range(2)]
        for dispatch in both:
            await bench.until(lambda dispatch=dispatch: bool(bench.seen(dispatch, Progressed)))
        await asyncio.to_thread(cluster.remove_node, doomed)
        await bench.until(lambda: any(bench.seen(dispatch, Lost) for dispatch in both))
        lost = [dispatch for dispatch in both if bench.seen(dispatch, Lost)]
        assert len(lost) == 1
        assert bench.seen(lost[0], Lost)[0].started
    finally:
        await executor.close()
        await asyncio.to_thread(cluster.shutdown)
    await asyncio.gather(*tasks)
