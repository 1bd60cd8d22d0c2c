"""Jobs that ended in every way there is leave nothing: not a name, not a byte, on any node."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator

import pytest

from distributed.messages.job import Job, Placement
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.invariants_final import NothingIsLeft
from distributed.testing.ledger_faults import SharedDatabase
from distributed.testing.membership_core import CoreGroup
from distributed.testing.membership_oracle import OracleGroup
from distributed.testing.network import Network
from distributed.testing.processes import SimProcess
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.streams import Pipe, StreamEnd
from distributed.testing.submissions import Submission
from distributed.testing.trace import Trace
from distributed.testing.virtual_host import VirtualHost
from distributed.types import Role
from tests.object_graph import mentions, reachable, size_bytes

WORLD = (
    Network,
    Pipe,
    SharedDatabase,
    SimCluster,
    SimProcess,
    StreamEnd,
    Trace,
    VirtualHost,
    CoreGroup,
    OracleGroup,
)
"""What the simulation shares among nodes, and no node would hold."""
EACH = 10
WARM_ROUNDS = 2
ROUND_SECONDS = 14.0
QUIET_SECONDS = 240.0
"""Longer than any node keeps the fence of an ended job, and the ledger an ended job."""


def one(seconds: float, **script: int) -> Job:
    return Job(name="one", workflows=(workflow("a", Script(seconds=seconds, **script)),))


def chain(seconds: float, **script: int) -> Job:
    first = workflow("a", Script(seconds=seconds, **script), attempts=2)
    return Job(name="chain", workflows=(first, workflow("b", after=("a",))))


class Round:
    """One round: some jobs of each way, and a node of each role that dies among them."""

    def __init__(self, cluster: SimCluster, number: int) -> None:
        self._cluster = cluster
        self._number = number
        self.submitted: dict[str, list[Submission]] = {}

    def play(self) -> Counter[str]:
        """Submit, cancel and kill; how many jobs ended in which way."""
        cluster = self._cluster
        for way, job in self._jobs().items():
            self.submitted[way] = [cluster.submit(job) for _ in range(EACH)]
        self.submitted["client gone"] = [
            cluster.submit(chain(1.0), client="c2") for _ in range(EACH)
        ]
        for submission in self.submitted["cancelled at once"]:
            submission.cancel()
        cluster.run_for(1.0)
        for submission in self.submitted["cancelled while it runs"]:
            submission.cancel()
        cluster["c2"].kill()
        cluster.run_for(0.5)
        self._kill("worker", f"{('north', 'south')[self._number % 2]}-w{1 + self._number % 3}")
        cluster.run_for(0.5)
        self._kill("manager", f"{('north', 'south')[self._number % 2]}-m{1 + self._number % 2}")
        cluster.run_for(0.5)
        self._kill("owner", f"g{1 + self._number % 2}")
        cluster.run_for(3.0)
        for process in cluster.processes.values():
            if not process.alive:
                process.start()
        cluster.run_for(ROUND_SECONDS - 5.5)
        for submission in self.submitted["cancelled after its end"]:
            submission.cancel()
        cluster.run_for(0.5)
        return self._ended()

    def _jobs(self) -> dict[str, Job]:
        both = Placement(datacenters=("north", "south"), count=2, mode="replicate")
        nowhere = Placement(datacenters=("mars",), required=True)
        late = Job(name="late", workflows=one(60.0).workflows, deadline_seconds=1.2)
        return {
            "completed": chain(0.2, steps=2, reports=3, lines=2),
            "failed": chain(0.2, fail_attempts=1),
            "cancelled at once": chain(2.0),
            "cancelled while it runs": one(30.0, steps=20),
            "cancelled after its end": one(0.1),
            "timed out": late,
            "its process died": chain(0.2, crash_attempts=2),
            "everywhere": Job(name="both", workflows=one(0.2).workflows, placement=both),
            "refused": Job(name="lost", workflows=one(1.0).workflows, placement=nowhere),
            "worker killed": chain(2.0),
            "manager killed": chain(2.5),
            "owner killed": chain(3.0),
        }

    def _kill(self, way: str, name: str) -> None:
        assert any(not submission.state for submission in self.submitted[f"{way} killed"])
        self._cluster[name].kill()

    def _ended(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for way, submissions in self.submitted.items():
            for submission in submissions:
                refused = submission.refusal is not None
                found[f"{way}: {'refused' if refused else submission.state}"] += 1
        self._cluster.submissions.clear()
        return found


def quiet(cluster: SimCluster) -> None:
    """Until whatever ends by time has ended."""
    cluster.run_for(QUIET_SECONDS)
    gc.collect()


def held(cluster: SimCluster) -> Iterator[tuple[SimProcess, list[object]]]:
    """Each node with all that its role leads to."""
    for process in cluster.processes.values():
        node = process.node
        roots = [node] if process.role is Role.CLIENT else [node, node.state]
        yield process, list(reachable(*roots, without=WORLD))


def sizes(cluster: SimCluster) -> dict[str, int]:
    """Bytes that each role's nodes lead to."""
    found: Counter[str] = Counter()
    for process, things in held(cluster):
        found[process.role.value] += size_bytes(things)
    return dict(found)


def assert_the_walk_sees_what_is_open(cluster: SimCluster) -> None:
    """Each role mentions a job that it has: else finding nothing would mean nothing."""
    open_job = cluster.submit(one(5.0))
    cluster.run_for(1.0)
    roles = {p.role for p, things in held(cluster) if open_job.job_id in mentions(things)}
    assert roles == {Role.CLIENT, Role.GATE, Role.MANAGER, Role.WORKER}
    cluster.submissions.clear()


def play(jobs: int) -> None:
    """End that many jobs in every way, and look for what is left of them."""
    with SimCluster(11, SMALL_WITH_TWO_CLIENTS) as cluster:
        cluster.start()
        assert_the_walk_sees_what_is_open(cluster)
        for number in range(WARM_ROUNDS):
            Round(cluster, number).play()
        quiet(cluster)
        before = sizes(cluster)
        ended: Counter[str] = Counter()
        number = WARM_ROUNDS
        while ended.total() < jobs:
            ended += Round(cluster, number).play()
            number += 1
        quiet(cluster)
        print(ended)
        assert {key.partition(": ")[2] for key in ended} >= {
            "completed",
            "failed",
            "cancelled",
            "timed_out",
            "refused",
        }
        assert list(NothingIsLeft(cluster).broken()) == []
        for process, things in held(cluster):
            assert mentions(things) == set(), process.name
        after = sizes(cluster)
        print(before, after)
        for role, size in after.items():
            assert size <= before[role] * 1.05, (role, before, after)
        assert cluster.database.query("SELECT COUNT(*) FROM jobs") == [(0,)]


SMALL_WITH_TWO_CLIENTS = type(SMALL)(
    **{name: getattr(SMALL, name) for name in SMALL.__struct_fields__} | {"clients": 2}
)


@pytest.mark.timeout(300)
def test_a_thousand_jobs_that_ended_in_every_way_leave_nothing() -> None:
    """MW 37.2b, 37.2d, 36.5a, 41.19c: invariant 8; GM 10.3, 28.3d, 37.2a."""
    play(1_000)


@pytest.mark.slow
@pytest.mark.skipif("SHOAL_SLOW" not in os.environ, reason="minutes: make test-slow")
@pytest.mark.timeout(3600)
def test_ten_thousand_jobs_that_ended_in_every_way_leave_nothing() -> None:
    """Invariant 8, at length; GM 29.1a."""
    play(10_000)
