"""A cluster that comes up: its first job starts with its first worker."""

from __future__ import annotations

import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Script, workflow
from distributed.types import Role

AT_ONCE_SECONDS = 0.5


@pytest.mark.parametrize("seed", [1, 2])
def test_a_job_without_a_place_starts_with_the_first_worker(seed: int) -> None:
    """Nobody polls: the first worker is news to its manager's gates, and to jobs that wait."""
    with SimCluster(seed=seed, spec=SMALL) as cluster:
        workers = [process.name for process in cluster.of_role(Role.WORKER)]
        for process in cluster.processes.values():
            if process.role is not Role.WORKER:
                process.start()
        cluster.run_for(5.0)
        submission = cluster.submit(
            Job(name="one", workflows=(workflow("a", Script(seconds=0.1)),))
        )
        cluster.run_for(10.0)
        assert submission.accepted
        assert not submission.state
        cluster[workers[0]].start()
        cluster.run_for(AT_ONCE_SECONDS)
        assert submission.state == "completed"
