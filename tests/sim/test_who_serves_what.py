"""Which role may say what to which: a message is served where it belongs, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from distributed.messages.base import Message
from distributed.messages.dispatch import AssignWorkflows, RegisterWorker, StartJob
from distributed.messages.health import RegisterGate
from distributed.messages.submission import SubmitJob, WatchJob
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.types import Role

#: Requests by the role that alone serves them.
BELONGS = {
    SubmitJob: Role.GATE,
    WatchJob: Role.GATE,
    StartJob: Role.MANAGER,
    RegisterWorker: Role.MANAGER,
    RegisterGate: Role.MANAGER,
    AssignWorkflows: Role.WORKER,
}


@pytest.fixture(scope="module")
def served() -> Iterator[dict[Role, frozenset[type[Message]]]]:
    """What a running node of each role serves."""
    with SimCluster(1, SMALL) as cluster:
        cluster.start()
        roles = (Role.GATE, Role.MANAGER, Role.WORKER)
        nodes = {role: next(cluster.of_role(role)).node for role in roles}
        yield {role: frozenset(node.handlers()) for role, node in nodes.items()}


@pytest.mark.parametrize("request_type", BELONGS, ids=lambda given: given.__name__)
def test_a_request_is_served_by_one_role_alone(
    served: dict[Role, frozenset[type[Message]]], request_type: type[Message]
) -> None:
    """Membership 11.77: no client reaches a manager or a worker, no worker a worker or a gate."""
    serving = {role for role, types in served.items() if request_type in types}
    assert serving == {BELONGS[request_type]}
