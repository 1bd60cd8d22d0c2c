"""Datacenters and gates that are cut off, in a whole cluster under virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from distributed.gate.node import GateNode
from distributed.health.bucket import Bucket
from distributed.messages.job import Job, Placement
from distributed.routing.knowledge import REFRESH_SECONDS, RoutingKnowledge
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL, ClusterSpec
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission
from distributed.types import Role

SOUTH_FIRST = Placement(datacenters=("south",))
HEALED_SECONDS = 10.0
QUIET = msgspec.structs.replace(SMALL, clients=2)


@contextmanager
def running(seed: int, spec: ClusterSpec = QUIET) -> Iterator[SimCluster]:
    """A cluster whose gates have measured their round trips."""
    with SimCluster(seed, spec) as cluster:
        cluster.start()
        cluster.run_for(10.0)
        yield cluster


def knowledge(cluster: SimCluster, gate: str) -> RoutingKnowledge:
    node = cluster[gate].node
    assert isinstance(node, GateNode)
    return node.managers.knowledge


def ways(sources: Iterable[str], targets: Iterable[str], direction: str) -> list[tuple[str, str]]:
    """The directed pairs that a cut of that direction loses."""
    there = [(a, b) for a in sources for b in targets] if direction != "in" else []
    back = [(b, a) for a in sources for b in targets] if direction != "out" else []
    return there + back


def submit_for(
    cluster: SimCluster, seconds: float, placement: Placement | None = None
) -> list[Submission]:
    """Short jobs, two a second, one after the other."""
    made = []
    for number in range(int(seconds * 2)):
        job = Job(
            name=f"at {cluster.loop.time():.1f}",
            workflows=(workflow("only", Script(seconds=0.2)),),
            placement=placement or Placement(),
        )
        made.append(cluster.submit(job, client=f"c{1 + number % 2}"))
        cluster.run_for(0.5)
    return made


def datacenters(submission: Submission) -> set[str]:
    assert submission.result is not None, submission.refusal
    return {part.datacenter for part in submission.result.datacenters}


@pytest.mark.parametrize("direction", ["both", "out", "in"])
def test_a_datacenter_cut_off_from_all_gates_takes_no_new_job_and_gets_work_after_healing(
    direction: str,
) -> None:
    """GM 23.3a, 24.3a-c, 26.2a, 26.3c, 33.3: the bound follows from settings and round trips."""
    with running(1) as cluster:
        gates = [process.name for process in cluster.of_role(Role.GATE)]
        south = [p.name for p in cluster.processes.values() if p.name.startswith("south-")]
        bound = REFRESH_SECONDS + max(
            cluster.spec.gate.probes.detection_seconds(probe.timeout_seconds)
            for probe in (knowledge(cluster, gate).datacenter("south").probe for gate in gates)
        )
        cluster.network.cut(ways(gates, south, direction))
        early = submit_for(cluster, bound, SOUTH_FIRST)
        late = submit_for(cluster, 5.0, SOUTH_FIRST)
        for gate in gates:
            assert knowledge(cluster, gate).evicted("south", cluster.loop.time())
        cluster.network.mend(ways(gates, south, direction))
        healing = submit_for(cluster, HEALED_SECONDS, SOUTH_FIRST)
        healed = submit_for(cluster, 3.0, SOUTH_FIRST)
        cluster.run_for(5.0)
        everything = [*early, *late, *healing, *healed]
        assert {submission.state for submission in everything} == {"completed"}
        assert [datacenters(submission) for submission in late] == [{"north"}] * len(late)
        assert [datacenters(submission) for submission in healed] == [{"south"}] * len(healed)


@pytest.mark.parametrize("direction", ["both", "out", "in"])
@pytest.mark.parametrize("gates", [1, 2])
def test_a_gate_that_is_cut_off_evicts_nobody_and_moves_no_work(direction: str, gates: int) -> None:
    """GM 3.7b, 33.1a, 41.20e: longer than a job looks for a datacenter, and every result comes."""
    with running(7, msgspec.structs.replace(QUIET, gates=gates)) as cluster:
        runs: Counter[tuple[str, str]] = Counter()
        cluster.work_watchers.append(
            lambda event: runs.update([(event.job_id, event.workflow)] * (event.kind == "started"))
        )
        chain = (
            workflow("first", Script(seconds=8.0)),
            workflow("second", Script(seconds=4.0), after=("first",)),
        )
        jobs = [cluster.submit(Job(name=f"j{n}", workflows=chain)) for n in range(6)]
        cluster.run_for(2.0)
        gate = cluster["g1"].node
        assert gate.state.records
        others = [
            p.name
            for p in cluster.processes.values()
            if p.name != "g1" and p.role is not Role.CLIENT
        ]
        cluster.network.cut(ways(["g1"], others, direction))
        for _ in range(40):
            cluster.run_for(1.0)
            known = gate.managers.knowledge
            found = known.candidates(cluster.loop.time())
            assert Bucket.UNHEALTHY not in {candidate.facts.bucket for candidate in found}
        assert known.isolated(cluster.loop.time())
        cluster.network.mend(ways(["g1"], others, direction))
        cluster.run_for(30.0)
        assert {job.state for job in jobs} == {"completed"}
        assert set(runs.values()) == {1}


def test_a_datacenter_that_another_gate_hears_is_not_evicted_and_jobs_end_elsewhere() -> None:
    """GM 3.2a-c, 26.2c: gates tell each other which datacenters they miss."""
    with running(4) as cluster:
        south = [p.name for p in cluster.processes.values() if p.name.startswith("south-")]
        cluster.network.cut(ways(["g1"], south, "both"))
        cluster.run_for(20.0)
        one, other = knowledge(cluster, "g1"), knowledge(cluster, "g2")
        now = cluster.loop.time()
        assert one.unheard() == ("south",)
        assert one.peers.reached_by == {"north": 1, "south": 1}
        assert other.peers.reached_by == {"north": 1, "south": 0}
        assert not one.isolated(now)
        assert not one.evicted("south", now)
        jobs = submit_for(cluster, 4.0)
        cluster.run_for(5.0)
        assert {job.state for job in jobs} == {"completed"}
        cluster.network.mend(ways(["g1"], south, "both"))
        cluster.run_for(HEALED_SECONDS)
        assert other.peers.reached_by == {"north": 1, "south": 1}
