"""Routing decisions as a table, and the promises that hold for any facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.health.bucket import Bucket
from distributed.health.circuit import Circuit
from distributed.routing.candidate import Candidate
from distributed.routing.facts import DatacenterFacts
from distributed.routing.request import RouteRequest
from distributed.routing.router import Router, RouterRules
from distributed.routing.spillover import SpilloverRules

from .builders import candidate

ONE = RouteRequest()


def test_the_nearest_of_equals_wins() -> None:
    """GM 1.2a, 27.1a."""
    decision = Router().decide(ONE, [candidate("far", 0.2), candidate("near", 0.01)], 0.0)
    assert decision.primaries == ("near",)
    assert decision.fallbacks == ("far",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bucket": Bucket.UNHEALTHY}, "unhealthy"),
        ({"draining": True}, "draining"),
        ({"managers": 0}, "no live manager"),
        ({"circuit": Circuit.OPEN}, "circuit open"),
        ({"largest_worker": 2}, "its largest worker has 2 cores, a workflow needs 4"),
    ],
)
def test_what_cannot_run_the_job_is_excluded_with_its_reason(
    changes: dict[str, object], reason: str
) -> None:
    request = RouteRequest(largest_workflow=4)
    decision = Router().decide(request, [candidate("a", **changes), candidate("b", 0.3)], 0.0)
    assert decision.primaries == ("b",)
    excluded = [view for view in decision.explain().candidates if view.verdict == "excluded"]
    assert [(view.name, view.reason) for view in excluded] == [("a", reason)]


def test_nothing_usable_is_an_answer_and_not_an_error() -> None:
    """GM 6.2f."""
    decision = Router().decide(ONE, [candidate("a", bucket=Bucket.UNHEALTHY)], 0.0)
    assert not decision.placed
    assert decision.reason == "no datacenter can take the job"


def test_a_full_datacenter_is_busy_and_not_excluded() -> None:
    full = candidate("full", bucket=Bucket.BUSY, free_cores=0, queued=50)
    assert Router().decide(ONE, [full], 0.0).primaries == ("full",)


@pytest.mark.parametrize(
    ("required", "primary", "fallbacks"),
    [(True, ("b",), ()), (False, ("b",), ("a",))],
)
def test_named_datacenters_are_a_constraint_or_a_preference(
    required: bool, primary: tuple[str, ...], fallbacks: tuple[str, ...]
) -> None:
    """GM 27.1d."""
    request = RouteRequest(named=("b",), required=required)
    decision = Router().decide(request, [candidate("a", 0.01), candidate("b", 0.2)], 0.0)
    assert (decision.primaries, decision.fallbacks) == (primary, fallbacks)


def test_a_preferred_datacenter_does_not_win_over_a_healthier_bucket() -> None:
    request = RouteRequest(named=("b",))
    sick = candidate("b", bucket=Bucket.DEGRADED)
    assert Router().decide(request, [candidate("a", 0.3), sick], 0.0).primaries == ("a",)


def test_more_datacenters_than_one() -> None:
    candidates = [candidate(name, 0.01 * n) for n, name in enumerate("abcd", start=1)]
    decision = Router().decide(RouteRequest(count=3), candidates, 0.0)
    assert decision.primaries == ("a", "b", "c")
    short = Router().decide(RouteRequest(count=9), candidates, 0.0)
    assert short.reason == "only 4 of 9 datacenters are usable"


def test_one_that_failed_this_job_comes_after_every_other() -> None:
    """GM 1.3b."""
    request = RouteRequest(failed=frozenset({"a"}))
    busy = candidate("b", 0.5, bucket=Bucket.BUSY)
    decision = Router().decide(request, [candidate("a", 0.01), busy], 0.0)
    assert (decision.primaries, decision.fallbacks) == (("b",), ("a",))


def test_one_in_use_by_the_job_is_not_chosen_again() -> None:
    request = RouteRequest(barred=frozenset({"a"}))
    assert Router().decide(request, [candidate("a", 0.01), candidate("b")], 0.0).primaries == ("b",)


names = st.sampled_from(["a", "b", "c", "d", "e", "f"])
some_facts = st.builds(
    DatacenterFacts,
    name=names,
    bucket=st.sampled_from(list(Bucket)),
    managers=st.none() | st.integers(0, 3),
    free_cores=st.integers(0, 64),
    total_cores=st.just(64),
    queued=st.integers(0, 500),
    capacity_at=st.none() | st.floats(0, 100),
    circuit=st.sampled_from(list(Circuit)),
    dispatch_rate=st.floats(0, 50),
    wait_seconds=st.floats(0, 500),
    rtt_seconds=st.none() | st.floats(1e-4, 2),
    rtt_error_seconds=st.floats(0, 0.5),
    overhead_seconds=st.none() | st.floats(1e-3, 60),
    confidence=st.floats(0, 1),
    observed_at=st.floats(0, 100),
)
clusters = st.lists(some_facts, min_size=1, max_size=6, unique_by=lambda f: f.name)


@given(clusters, st.integers(1, 4), st.integers(1, 32))
def test_a_worse_bucket_is_never_chosen_over_a_better_one(
    cluster: list[DatacenterFacts], count: int, cores: int
) -> None:
    router = Router(RouterRules(spillover=SpilloverRules(enabled=False)))
    request = RouteRequest(count=count, cores=cores)
    decision = router.decide(request, [Candidate(f) for f in cluster], 100.0)
    buckets = {f.name: f.bucket for f in cluster}
    order = [buckets[name] for name in (*decision.primaries, *decision.fallbacks)]
    assert order == sorted(order)
    assert Bucket.UNHEALTHY not in order


@given(clusters, st.integers(1, 32))
def test_work_spills_into_busy_datacenters_at_worst(
    cluster: list[DatacenterFacts], cores: int
) -> None:
    decision = Router().decide(RouteRequest(cores=cores), [Candidate(f) for f in cluster], 100.0)
    buckets = {f.name: f.bucket for f in cluster}
    best = min((buckets[n] for n in (*decision.primaries, *decision.fallbacks)), default=None)
    for name in decision.primaries:
        assert best is not None
        assert buckets[name] <= max(best, Bucket.BUSY)


@given(some_facts)
def test_what_is_unknown_never_excludes(known: DatacenterFacts) -> None:
    unknown = Candidate(DatacenterFacts(name="new"))
    decision = Router().decide(RouteRequest(count=2), [Candidate(known), unknown], 100.0)
    assert "new" in decision.primaries


@given(clusters, st.integers(1, 4))
def test_every_candidate_is_explained_once(cluster: list[DatacenterFacts], count: int) -> None:
    decision = Router().decide(RouteRequest(count=count), [Candidate(f) for f in cluster], 100.0)
    view = decision.explain()
    assert sorted(v.name for v in view.candidates) == sorted(f.name for f in cluster)
    assert all(v.reason for v in view.candidates)
    verdicts = {v.name: v.verdict for v in view.candidates}
    assert {n for n, v in verdicts.items() if v == "primary"} == set(view.primaries)


@given(clusters)
def test_the_same_facts_give_the_same_decision(cluster: list[DatacenterFacts]) -> None:
    """GM 41.23c: the order in which candidates come changes nothing."""
    forward = Router().decide(ONE, [Candidate(f) for f in cluster], 100.0)
    backward = Router().decide(ONE, [Candidate(f) for f in reversed(cluster)], 100.0)
    assert forward.explain().primaries == backward.explain().primaries
    assert forward.fallbacks == backward.fallbacks
