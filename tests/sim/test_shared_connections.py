"""Two nodes of a cluster talk over one connection, whoever of them opened it."""

from __future__ import annotations

from itertools import product

import msgspec

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import EXPECTED_ERRORS
from distributed.testing.simulated_work import Script, workflow
from distributed.types import Role

SPEC = msgspec.structs.replace(SMALL, gates=2, datacenters=("north",), managers=2, workers=3)
JOB = Job(name="small", workflows=(workflow("a", Script(seconds=0.1)),))


def names(cluster: SimCluster, role: Role) -> list[str]:
    return [process.name for process in cluster.of_role(role)]


def test_a_manager_has_one_connection_with_each_gate_and_each_worker() -> None:
    with SimCluster(3, SPEC) as cluster:
        cluster.log.expect(EXPECTED_ERRORS)
        cluster.start()
        cluster.run_for(3.0)
        before = [cluster.submit(JOB) for _ in range(40)]
        cluster.run_for(10.0)
        others = [*names(cluster, Role.GATE), *names(cluster, Role.WORKER)]
        counts = {
            pair: cluster.network.break_connections(*pair)
            for pair in product(names(cluster, Role.MANAGER), others)
        }
        assert set(counts.values()) == {1}, counts
        after = [cluster.submit(JOB) for _ in range(40)]
        cluster.run_for(20.0)
        assert all(job.result and job.result.state == "completed" for job in [*before, *after])
