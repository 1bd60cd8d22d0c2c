"""Each role may cause what is that role's to cause, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from distributed.errors import PeerRefused
from distributed.messages.admin import SetLimits
from distributed.messages.base import Done
from distributed.messages.dispatch import (
    AssignWorkflows,
    DropJob,
    JobReport,
    QueryJob,
    RegisterWorker,
    ReportWork,
)
from distributed.messages.health import (
    DatacenterHealth,
    ManagerRegistered,
    ManagerStatus,
    ProbeDatacenter,
    RegisterGate,
)
from distributed.messages.progress import JobProgress
from distributed.messages.results import DatacenterFinished, DatacenterResults, WorkerResults
from distributed.messages.senders import LOOKING, SENDERS, SPEAKS_FOR
from distributed.messages.submission import DatacenterProgress, FetchResult
from distributed.messages.values import StorePart
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.transport import Context, Handlers
from distributed.transport.codec import message_types
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


async def test_a_message_that_is_in_no_list_is_refused(make_node: Make) -> None:
    handlers, served = takes(Done())
    server, sender = make_node("server"), make_node("sender", Role.GATE)
    connection = await sender.connect(await server.listen(handlers))
    with pytest.raises(PeerRefused, match="Done is not taken from a gate"):
        await connection.request(Done(), timeout=30.0)
    assert served == []


STATUS = ManagerStatus("m1", "south", "", 1, 0, 0, 0, 0, 0, 0)
PROGRESS = DatacenterProgress("south", "running", 0, 0, 0, 0)
ABOUT_SOUTH = (
    DatacenterFinished("j", "south", 1, "completed"),
    DatacenterResults("j", "south", 1, ()),
    JobProgress("j", "south", 1, 1, PROGRESS),
    STATUS,
    StorePart("j", 1, "south", "w", 1, 0, 1, b"x"),
)
ANSWERS_ABOUT_SOUTH = (
    (ProbeDatacenter("g1", 1), DatacenterHealth("south", 1, STATUS)),
    (RegisterGate("g1", "g1-1", ""), ManagerRegistered(STATUS)),
    (QueryJob("j", 1, "g1", ""), JobReport("j", "south", True)),
)


@pytest.mark.parametrize("message", ABOUT_SOUTH, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("datacenter", ["north", "south", ""])
async def test_a_datacenter_is_spoken_for_from_inside_alone(
    make_node: Make, message: msgspec.Struct, datacenter: str
) -> None:
    """A manager of north cannot end south's part of a job, nor say how south is."""
    handlers, served = takes(message)
    server, sender = make_node("server"), make_node("sender", Role.MANAGER, datacenter=datacenter)
    connection = await sender.connect(await server.listen(handlers))
    if datacenter == "south":
        assert await connection.request(message, timeout=30.0) == Done()
        return
    with pytest.raises(PeerRefused, match="for south is not taken from a manager of no") as refused:
        await connection.request(message, timeout=30.0)
    assert refused.value.code == "forbidden"
    assert served == []


@pytest.mark.parametrize(("question", "answer"), ANSWERS_ABOUT_SOUTH)
@pytest.mark.parametrize("datacenter", ["north", "south"])
async def test_an_answer_for_another_datacenter_is_none(
    make_node: Make, question: msgspec.Struct, answer: msgspec.Struct, datacenter: str
) -> None:
    manager = make_node("manager", Role.MANAGER, datacenter=datacenter)
    gate = make_node("gate")
    connection = await gate.connect(await manager.listen({type(question): lambda *_: answer}))
    if datacenter == "south":
        assert await connection.request(question, timeout=30.0) == answer
        return
    with pytest.raises(PeerRefused, match="for south is not taken from a manager of north"):
        await connection.request(question, timeout=30.0)
    assert gate.metrics.total("messages_refused") == 1


ACROSS = (
    (Role.MANAGER, Role.WORKER, AssignWorkflows("m1", "", ())),
    (Role.MANAGER, Role.WORKER, ReportWork("j", 1, "m1", "")),
    (Role.MANAGER, Role.WORKER, DropJob("j", 1)),
    (Role.WORKER, Role.MANAGER, RegisterWorker("w1", "w1-1", "", 4, 0)),
    (Role.WORKER, Role.MANAGER, WorkerResults("j", 1, ())),
)


@pytest.mark.parametrize(("sends", "serves", "message"), ACROSS)
async def test_managers_and_workers_have_nothing_to_do_with_another_datacenter_s(
    make_node: Make, sends: Role, serves: Role, message: msgspec.Struct
) -> None:
    handlers, served = takes(message, FetchResult("j"))
    server = make_node("server", serves, datacenter="north")
    address = await server.listen(handlers)
    own = await make_node("own", sends, datacenter="north").connect(address)
    assert await own.request(message, timeout=30.0) == Done()
    foreign = await make_node("foreign", sends, datacenter="south").connect(address)
    with pytest.raises(PeerRefused, match=f"is not taken from a {sends.value} of south here"):
        await foreign.request(message, timeout=30.0)
    assert await foreign.request(FetchResult("j"), timeout=30.0) == Done()
    assert served == [type(message).__name__, "FetchResult"]


def test_whatever_a_node_serves_is_someones_to_cause_or_only_looks() -> None:
    """A new message must be given its senders, since none are the default."""
    spec = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), managers=1, workers=1)
    with SimCluster(1, spec) as cluster:
        cluster.start()
        served = set(cluster["g1"].node._handlers)
        for name in ("north-m1", "north-w1"):
            served |= set(cluster[name].node.handlers())
    assert served <= SENDERS.keys()
    assert all(SENDERS.values())
    assert {kind.__name__ for kind in LOOKING} == {
        *("ExplainJob", "FetchLogs", "FetchPart", "FetchResult", "FetchResults", "JobHistory"),
        *("ListJobs", "ListMembers", "PlanJob", "ShowJob", "ShowStatus", "UnwatchJob", "WatchJob"),
    }


def test_whatever_a_manager_says_of_its_datacenter_is_held_to_be_its_own() -> None:
    """A new message or answer with a datacenter in it must be told whose it is."""
    looked_up = {"FetchPart", "DatacenterProgress", "WorkflowView", "WorkflowResult", "JobUpdate"}
    named = {
        kind.__name__
        for kind in message_types()
        if "datacenter" in kind.__struct_fields__ or "status" in kind.__struct_fields__
    }
    assert named - looked_up - {"NodeStatus"} == {kind.__name__ for kind in SPEAKS_FOR}
