"""What a cancellation says when somebody cannot be asked (invariant 5, MW 14.4, GM 18.1)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Script, workflow
from distributed.testing.submissions import Submission

ONE = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), managers=1, workers=1)


@pytest.fixture
def cluster() -> Iterator[SimCluster]:
    with SimCluster(seed=5, spec=ONE) as made:
        made.start()
        yield made


def running(cluster: SimCluster, seconds: float) -> Submission:
    """A job whose one workflow runs."""
    submission = cluster.submit(Job(name="one", workflows=(workflow("a", Script(seconds)),)))
    cluster.run_for(1.0)
    assert submission.accepted
    return submission


def cut_off_worker(cluster: SimCluster) -> list[tuple[str, str]]:
    """The worker runs on, and nobody hears it."""
    pairs = [
        pair
        for name in cluster.processes
        if name != "north-w1"
        for pair in (("north-w1", name), (name, "north-w1"))
    ]
    cluster.network.cut(pairs)
    return pairs


def test_what_its_worker_confirmed_is_said_to_be_cancelled(cluster: SimCluster) -> None:
    submission = running(cluster, 30.0)
    submission.cancel()
    cluster.run_for(3.0)
    assert submission.cancel_outcomes == {"a": "cancelled"}


def test_a_worker_that_falls_silent_during_the_cancellation_leaves_it_unreachable(
    cluster: SimCluster,
) -> None:
    submission = running(cluster, 15.0)
    pairs = cut_off_worker(cluster)
    submission.cancel()
    cluster.run_for(30.0)
    assert submission.cancel_outcomes == {"a": "unreachable"}
    cluster.network.mend(pairs)
    cluster.run_for(10.0)
    assert submission.state == "cancelled"


def test_a_worker_that_was_given_up_before_leaves_it_unreachable(cluster: SimCluster) -> None:
    submission = running(cluster, 20.0)
    cut_off_worker(cluster)
    cluster.run_for(8.0)
    submission.cancel()
    cluster.run_for(20.0)
    assert submission.cancel_outcomes == {"a": "unreachable"}


def test_asked_again_it_says_the_same_of_a_job_that_has_ended(cluster: SimCluster) -> None:
    submission = running(cluster, 20.0)
    cut_off_worker(cluster)
    cluster.run_for(8.0)
    submission.cancel()
    cluster.run_for(20.0)
    submission.cancel_outcomes = None
    submission.cancel()
    cluster.run_for(5.0)
    assert submission.cancel_outcomes == {"a": "unreachable"}


def test_a_worker_that_came_back_without_it_makes_it_certain(cluster: SimCluster) -> None:
    submission = running(cluster, 60.0)
    cluster["north-w1"].kill()
    cluster.run_for(8.0)
    submission.cancel()
    cluster.run_for(0.1)
    cluster["north-w1"].start()
    cluster.run_for(20.0)
    assert submission.cancel_outcomes is not None
    submission.cancel()
    cluster.run_for(5.0)
    assert submission.state == "cancelled"
