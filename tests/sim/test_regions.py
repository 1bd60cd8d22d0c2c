"""Load and loss of whole datacenters, in a cluster under virtual time."""

from __future__ import annotations

from collections import Counter

import msgspec

from distributed.gate.node import GateNode
from distributed.messages.job import Job, Placement
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.conditions import Latency
from distributed.testing.message_rules import MessageRule
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission

THREE = msgspec.structs.replace(
    SMALL, gates=2, datacenters=("north", "south", "west"), managers=1, workers=2
)
CORES = THREE.workers * THREE.cores
"""Of one datacenter."""


def work(seconds: float, cores: int = 1) -> Job:
    return Job(name="work", workflows=(workflow("only", Script(seconds=seconds), cores=cores),))


def submit(cluster: SimCluster, count: int, job: Job, every: float = 0.05) -> list[Submission]:
    made = []
    for _ in range(count):
        made.append(cluster.submit(job))
        cluster.run_for(every)
    return made


def where(jobs: list[Submission]) -> Counter[str]:
    """How many of these jobs ended in which datacenter; all of them completed."""
    assert {job.state for job in jobs} == {"completed"}
    results = [job.result for job in jobs if job.result is not None]
    return Counter(part.datacenter for result in results for part in result.datacenters)


def gate(cluster: SimCluster, name: str = "g1") -> GateNode:
    node = cluster[name].node
    assert isinstance(node, GateNode)
    return node


def near_and_far(cluster: SimCluster) -> None:
    """North's own gate is near north; the others are 20 and 40 ms away."""
    cluster.network.conditions.set_distance("north", "south", Latency(0.010, 0.0002))
    cluster.network.conditions.set_distance("north", "west", Latency(0.020, 0.0002))
    cluster.network.conditions.set_distance("south", "west", Latency(0.020, 0.0002))


ONE_GATE = msgspec.structs.replace(THREE, gates=1)


def test_the_nearest_takes_what_fits_and_the_next_what_does_not() -> None:
    """GM 27.1a, 27.1b, 27.2b, 27.2c, MW 55.9: a burst of twice its cores sheds to the others."""
    with SimCluster(5, ONE_GATE) as cluster:
        near_and_far(cluster)
        cluster.start()
        cluster.run_for(5.0)
        calm = submit(cluster, 6, work(0.5), every=1.0)
        cluster.run_for(2.0)
        assert where(calm) == {"north": 6}
        burst = submit(cluster, 2 * CORES, work(20.0), every=0.02)
        cluster.run_for(2.0)
        found = gate(cluster).managers.candidates()
        assert found["north"].facts.free_cores == 0
        assert found["north"].bucket >= found["west"].bucket
        cluster.run_for(60.0)
        spread = where(burst)
        assert CORES <= spread["north"] < 1.5 * CORES
        assert sum(spread.values()) == 2 * CORES


def test_two_datacenters_fail_at_once_and_the_third_takes_everything() -> None:
    """MW 36.4d, 30.2b, GM 24.4a, 27.3a, 27.3b, 30.2a: no cascade, and nothing is lost."""
    with SimCluster(6, THREE) as cluster:
        near_and_far(cluster)
        cluster.start()
        cluster.run_for(5.0)
        before = submit(cluster, 6, work(3.0))
        for process in list(cluster.processes.values()):
            if process.name.startswith(("north-", "south-")):
                process.kill(power_off=True)
        cluster.run_for(10.0)
        after = submit(cluster, 8, work(0.5), every=0.5)
        cluster.run_for(40.0)
        assert {job.state for job in before} == {"completed"}
        assert where(after) == {"west": 8}


def test_a_gap_of_statuses_evicts_nobody_while_probes_are_answered() -> None:
    """MW 43.9: an answer to a probe is a word of its manager too."""
    with SimCluster(7, THREE) as cluster:
        cluster.start()
        cluster.run_for(5.0)
        cluster.network.rules.add(MessageRule("ManagerStatus", chance=1.0, drop=True))
        cluster.run_for(20.0)
        for name in ("g1", "g2"):
            managers = gate(cluster, name).managers
            assert all(len(managers.live(dc)) == 1 for dc in THREE.datacenters)
            found = managers.knowledge.candidates(cluster.loop.time())
            assert {candidate.exclusion for candidate in found} == {None}
        jobs = submit(cluster, 4, work(0.5))
        cluster.run_for(5.0)
        assert sum(where(jobs).values()) == 4


def test_a_datacenter_is_probed_once_an_interval_however_many_managers_it_has() -> None:
    """GM 26.1c, MW 60.6: and the round trip that probes and coordinates tell is the true one."""
    spec = msgspec.structs.replace(THREE, managers=3)
    with SimCluster(8, spec) as cluster:
        near_and_far(cluster)
        cluster.start()
        cluster.run_for(5.0)
        probes: Counter[str] = Counter()
        for _ in range(20):
            cluster.run_for(1.0)
            for event in cluster.trace.recent:
                recent = event.at > cluster.loop.time() - 1.0
                if recent and event.kind == "send" and event.what == "ProbeDatacenter":
                    probes[f"{event.node} to {event.peer.partition('-')[0]}"] += 1
        assert set(probes.values()) <= {8, 9, 10, 11}
        assert len(probes) == 2 * len(spec.datacenters)
        rtt = gate(cluster).managers.knowledge.datacenter("west").round_trip
        assert rtt is not None
        assert 0.035 < rtt[0] < 0.05


def test_work_goes_on_in_a_datacenter_that_is_cut_off_and_is_not_done_twice() -> None:
    """MW 36.4c, GM 23.3b, 33.3a, 33.3b, 33.3d: shorter than it is given up, it runs on and is
    reconciled.
    """
    with SimCluster(9, THREE) as cluster:
        cluster.start()
        cluster.run_for(5.0)
        runs: Counter[str] = Counter()
        cluster.work_watchers.append(
            lambda event: runs.update([event.job_id] * (event.kind == "started"))
        )
        placement = Placement(datacenters=("south",), required=True)
        jobs = submit(cluster, 4, msgspec.structs.replace(work(6.0), placement=placement))
        cluster.run_for(1.0)
        south = [p.name for p in cluster.processes.values() if p.name.startswith("south-")]
        pairs = [(g, s) for g in ("g1", "g2") for s in south]
        cluster.network.cut([*pairs, *((s, g) for g, s in pairs)])
        cluster.run_for(12.0)
        cluster.network.mend([*pairs, *((s, g) for g, s in pairs)])
        cluster.run_for(15.0)
        assert where(jobs) == {"south": 4}
        assert set(runs.values()) == {1}


def test_wall_clocks_that_disagree_change_nothing() -> None:
    """GM 24.2a, 24.2b, 24.2d, invariant 11: ages are durations of the one who heard."""
    skews = {"g1": 0.1, "north-m1": 3600.0, "south-m1": -3600.0, "west-w1": 0.5, "c1": -60.0}
    with SimCluster(10, THREE) as cluster:
        cluster.start()
        for name, seconds in skews.items():
            cluster[name].skew(seconds)
        jobs = submit(cluster, 6, work(1.0), every=0.5)
        for name in skews:
            cluster[name].skew(0.5)
        jobs += submit(cluster, 6, work(1.0), every=0.5)
        cluster.run_for(5.0)
        assert sum(where(jobs).values()) == 12
        for job in jobs:
            sequences = [update.sequence for update in job.updates]
            assert sequences == sorted(sequences)
        known = gate(cluster).managers.knowledge
        now = gate(cluster).state.clock.now()
        for candidate in known.candidates(now):
            assert candidate.exclusion is None
            assert candidate.capacity_at is not None
            assert 0.0 <= now - candidate.capacity_at < 3.0
