"""Each role may cause what is that role's to cause, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from distributed.errors import PeerRefused
from distributed.messages.admin import ListMembers, SetLimits, ShowStatus
from distributed.messages.base import Done
from distributed.messages.dispatch import AssignWorkflows, DropJob, RegisterWorker
from distributed.messages.results import DatacenterFinished
from distributed.messages.senders import SENDERS
from distributed.messages.submission import (
    ExplainJob,
    FetchLogs,
    FetchResult,
    JobHistory,
    ListJobs,
    PlanJob,
    ShowJob,
    UnwatchJob,
    WatchJob,
)
from distributed.messages.values import FetchPart, FetchResults
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.transport import Context, Handlers
from distributed.types import Role

from .conftest import Node

Make = Callable[..., Node]
CAUSES = (
    (AssignWorkflows("m1", "", ()), {Role.MANAGER}),
    (DropJob("j", 1 << 40), {Role.GATE, Role.MANAGER}),
    (RegisterWorker("w1", "w1-1", "", 4, 0), {Role.WORKER}),
    (DatacenterFinished("j", "north", 1, "completed", ""), {Role.MANAGER}),
    (SetLimits({}), {Role.CLIENT}),
)
LOOKING = {
    ExplainJob,
    FetchLogs,
    FetchPart,
    FetchResult,
    FetchResults,
    JobHistory,
    ListJobs,
    ListMembers,
    PlanJob,
    ShowJob,
    ShowStatus,
    UnwatchJob,
    WatchJob,
}
"""What anybody may ask: it changes nothing."""


def takes(*messages: msgspec.Struct) -> tuple[Handlers, list[str]]:
    """Handlers that note what they served."""
    served: list[str] = []

    def serve(_: Context, message: msgspec.Struct) -> Done:
        served.append(type(message).__name__)
        return Done()

    return {type(message): serve for message in messages}, served


@pytest.mark.parametrize(("message", "roles"), CAUSES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("role", [Role.CLIENT, Role.GATE, Role.MANAGER, Role.WORKER])
async def test_a_message_is_taken_from_its_roles_alone(
    make_node: Make, message: msgspec.Struct, roles: set[Role], role: Role
) -> None:
    """MW 13.2b, 41.23b: the matrix of roles; an unknown sender is refused."""
    handlers, served = takes(message)
    server, sender = make_node("server"), make_node("sender", role)
    connection = await sender.connect(await server.listen(handlers))
    if role in roles:
        assert await connection.request(message, timeout=30.0) == Done()
        return
    with pytest.raises(PeerRefused, match=f"is not taken from a {role.value}") as refused:
        await connection.request(message, timeout=30.0)
    assert refused.value.code == "forbidden"
    assert served == []
    assert server.metrics.total("messages_refused") == 1


def test_whatever_a_node_serves_is_someones_to_cause_or_only_looks() -> None:
    """A new message must be given its senders."""
    spec = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), managers=1, workers=1)
    with SimCluster(1, spec) as cluster:
        cluster.start()
        served = set(cluster["g1"].node._handlers)
        for name in ("north-m1", "north-w1"):
            served |= set(cluster[name].node.handlers())
    assert served - SENDERS.keys() == LOOKING
    assert all(SENDERS.values())
