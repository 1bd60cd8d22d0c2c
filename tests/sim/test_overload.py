"""A node beyond its capacity says so, is given less, loses nothing, and recovers by itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from distributed.gate.node import GateNode
from distributed.manager.node import ManagerNode
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import EXPECTED_ERRORS, Fault, fill

ONE_OF_EACH = msgspec.structs.replace(
    SMALL,
    gates=1,
    datacenters=("north",),
    managers=1,
    workers=1,
    gate=msgspec.structs.replace(SMALL.gate, max_open_jobs=1000),
)
CALLBACK_SECONDS = 0.15
"""What each callback of the process costs while it is beyond its capacity."""


def said(node: Any) -> Any:
    """What a node tells others of its load."""
    if isinstance(node, GateNode):
        return node.status().detail["overload"]
    told = node._gates if isinstance(node, ManagerNode) else node.registration
    return told.status().overload


@pytest.mark.parametrize("name", ["g1", "north-m1", "north-w1"])
def test_a_node_whose_loop_is_saturated_says_so_of_itself_and_loses_nothing(name: str) -> None:
    """GM 29.3d, 4.1e, 4.1f: each callback of its process takes long for a while, in a crowd."""
    with SimCluster(14, ONE_OF_EACH) as cluster:
        cluster.log.expect(EXPECTED_ERRORS)
        cluster.start()
        node = cluster[name]
        levels: list[str] = []
        node.slow_down(CALLBACK_SECONDS)
        for second in range(20):
            fill(cluster, Fault(float(second), "fill", value=5))
            cluster.run_for(1.0)
            levels.append(said(node.node))
        node.slow_down(0.0)
        cluster.run_for(120.0)
        assert "overloaded" in levels
        assert said(node.node) == "healthy"
        assert [job.state for job in cluster.submissions] == ["completed"] * 100
