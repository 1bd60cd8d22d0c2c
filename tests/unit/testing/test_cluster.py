"""The thin path in a whole simulated cluster."""

from __future__ import annotations

import gc
import weakref

import msgspec

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Outcome, Script, workflow

CHAIN = Job(
    name="chain",
    workflows=(workflow("a", Script(seconds=2.0, steps=3)), workflow("b", after=("a",))),
)


def test_a_job_crosses_the_whole_cluster_and_its_result_comes_back() -> None:
    with SimCluster(7, SMALL) as cluster:
        cluster.start()
        submission = cluster.submit(CHAIN)
        cluster.run_for(10.0)
        assert submission.state == "completed"
        assert submission.result is not None
        values = {
            result.workflow: msgspec.msgpack.decode(result.value, type=Outcome)
            for result in submission.result.workflows
        }
        assert values["b"].inputs == ("a",)
        assert not cluster.log.unexpected
        assert not cluster.loop.errors


def test_a_killed_worker_s_workflow_runs_again_elsewhere() -> None:
    with SimCluster(8, SMALL) as cluster:
        cluster.start()
        ran: list[str] = []
        cluster.work_watchers.append(
            lambda event: ran.append(event.node) if event.kind == "started" else None
        )
        submission = cluster.submit(CHAIN)
        cluster.run_for(1.0)
        cluster[ran[0]].kill()
        cluster.run_for(20.0)
        assert submission.state == "completed"
        assert len(ran) == 3
        assert ran[1] != ran[0]


def test_a_cluster_that_was_left_is_gone_with_all_that_it_held() -> None:
    """A thousand seeds in one process take no more memory than a few."""
    gone = []
    for seed in (1, 2):
        with SimCluster(seed, SMALL) as cluster:
            cluster.start()
            cluster.submit(CHAIN)
            cluster.run_for(100.0)
            gone.append(weakref.ref(cluster))
        del cluster
    gc.collect()
    assert gone[1]() is None
