"""Nodes of two neighbouring minor versions in one cluster: a job ends as in a cluster of one.

The newer ones greet with a wider range and add a field to the end of every message; the older
ones send messages without the last field of today's. Each role is tried on each side.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from distributed.messages.job import Job, Placement
from distributed.testing.cluster import SimCluster
from distributed.testing.simulated_work import Script, workflow
from distributed.transport import connection
from distributed.transport.codec import MessageCodec
from distributed.transport.endpoint import Endpoint
from distributed.transport.greeting import OLDEST_VERSION, VERSION, Greeting
from distributed.transport.interface import Identity
from distributed.transport.tcp import TcpTransport

NEWEST_FIELD = {"SubmitJob": "trace", "StartJob": "trace", "NodeStatus": "web_address"}
"""What today's messages have that those of the minor before have not."""


class NewerCodec(MessageCodec):
    """Says more than we know of."""

    sent = 0

    def encode(self, message: msgspec.Struct) -> bytes:
        """With one more field, also in each assignment of a batch."""
        NewerCodec.sent += 1
        fields: list[Any] = msgspec.msgpack.decode(super().encode(message))
        if fields[0] == "AssignWorkflows":
            fields[-1] = [[*assignment, "later"] for assignment in fields[-1]]
        return msgspec.msgpack.encode([*fields, {"since": "the next minor"}])


class OlderCodec(MessageCodec):
    """Says less than we know of."""

    sent = 0

    def encode(self, message: msgspec.Struct) -> bytes:
        """Without the newest field."""
        fields: list[Any] = msgspec.msgpack.decode(super().encode(message))
        if fields[0] == "AssignWorkflows":
            OlderCodec.sent += 1
            fields[-1] = [assignment[:-1] for assignment in fields[-1]]
        elif fields[0] in NEWEST_FIELD:
            OlderCodec.sent += 1
            assert message.__struct_fields__[-1] == NEWEST_FIELD[fields[0]]
            fields = fields[:-1]
        return msgspec.msgpack.encode(fields)


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the nodes that are of the newer minor; the others are of the older."""
    names: set[str] = set()
    plain = TcpTransport._endpoint

    def endpoint(self: TcpTransport, handlers: Any, identity: Identity) -> Endpoint:
        made = plain(self, handlers, identity)
        made.codec = NewerCodec() if identity.name in names else OlderCodec()
        return made

    def greeting(identity: Identity, cluster: str = "") -> bytes:
        newest = VERSION + 1 if identity.name in names else VERSION
        fields = msgspec.to_builtins(Greeting(OLDEST_VERSION, newest, identity, cluster))
        return msgspec.msgpack.encode([*fields, "later"] if newest > VERSION else fields)

    monkeypatch.setattr(TcpTransport, "_endpoint", endpoint)
    monkeypatch.setattr(connection, "encode_greeting", greeting)
    return names


@pytest.mark.parametrize(
    "names",
    [{"c1", "north-m1", "north-m2", "south-w1"}, {"g1", "g2", "north-w1", "south-m1"}],
    ids=lambda names: ",".join(sorted(names)),
)
def test_a_job_ends_across_one_minor(newer: set[str], names: set[str]) -> None:
    """MW 17.1a-c, 38.3a-b, 41.18d, GM 2.1b, 17.1a, 17.1b, 17.2b, 17.2c: both sides speak the
    version that both know.
    """
    newer |= names
    NewerCodec.sent = OlderCodec.sent = 0
    with SimCluster(seed=8) as cluster:
        cluster.start()
        flows = (workflow("a", Script(seconds=1)), workflow("b", after=("a",)))
        everywhere = Placement(count=2, mode="replicate")
        job = cluster.submit(Job(name="skewed", workflows=flows, placement=everywhere))
        cluster.run_for(30)
        assert job.state == "completed"
    assert NewerCodec.sent > 0
    assert OlderCodec.sent > 0


def test_a_gate_of_the_other_minor_takes_a_job_over(newer: set[str]) -> None:
    """MW 38.3c: as in a rolling upgrade: one gate is replaced while a job runs."""
    newer |= {"g1"}
    with SimCluster(seed=9) as cluster:
        cluster.start()
        job = cluster.submit(Job(name="taken", workflows=(workflow("a", Script(seconds=20)),)))
        cluster.run_for(3)
        owner = next(name for name in ("g1", "g2") if cluster[name].node.state.records)
        cluster[owner].kill()
        cluster.run_for(60)
        assert job.state == "completed"
