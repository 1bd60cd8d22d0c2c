"""What a routing decision costs: ten and a hundred datacenters, all facts known.

pytest benches/python/test_routing_bench.py --benchmark-enable --benchmark-only
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from distributed.routing.candidate import Candidate
from distributed.routing.decision import Decision
from distributed.routing.facts import DatacenterFacts
from distributed.routing.request import RouteRequest
from distributed.routing.router import Router

REQUEST = RouteRequest(cores=4)


def cluster(count: int, *, full: bool = False) -> list[Candidate]:
    """Datacenters with every fact there is, each at another distance."""
    random = Random(count)
    return [
        Candidate(
            DatacenterFacts(
                name=f"dc-{number:03}",
                managers=3,
                free_cores=0 if full else random.randint(8, 64),
                total_cores=64,
                queued=random.randint(0, 10),
                wait_seconds=random.uniform(1.0, 9.0) if full else 0.0,
                capacity_at=0.0,
                dispatch_rate=5.0,
                service_seconds=2.0,
                rtt_seconds=random.uniform(0.005, 0.3),
                rtt_error_seconds=0.004,
                overhead_seconds=random.uniform(0.01, 0.5),
                confidence=0.8,
                observed_at=0.0,
            )
        )
        for number in range(count)
    ]


def router(candidates: list[Candidate]) -> Router:
    """A router with work on its way to every datacenter."""
    made = Router()
    for candidate in candidates:
        made.reservations.reserve(candidate.name, 2, candidate.facts.free_cores, 0.0)
    return made


@pytest.mark.parametrize("count", [10, 100])
def test_decide(benchmark: Any, count: int) -> None:
    """The decision alone: filter, buckets, scores, hysteresis, spillover."""
    candidates = cluster(count)
    made = router(candidates)
    assert benchmark(made.decide, REQUEST, candidates, 1.0).placed


@pytest.mark.parametrize("count", [10, 100])
def test_decide_when_everything_is_full(benchmark: Any, count: int) -> None:
    """The same where the preferred datacenter has a queue and all others are compared with it."""
    candidates = cluster(count, full=True)
    made = router(candidates)
    assert benchmark(made.decide, REQUEST, candidates, 1.0).placed


@pytest.mark.parametrize("count", [10, 100])
def test_decide_and_explain(benchmark: Any, count: int) -> None:
    """With the record for the job's events: every candidate, every factor, every reason."""
    candidates = cluster(count)
    made = router(candidates)

    def both() -> Decision:
        decision = made.decide(REQUEST, candidates, 1.0)
        decision.explain()
        return decision

    assert benchmark(both).placed


@pytest.mark.parametrize("make", [lambda: cluster(1)[0].facts], ids=["facts"])
def test_prepare_a_candidate(benchmark: Any, make: Callable[[], DatacenterFacts]) -> None:
    """What a report costs: its datacenter's fixed factors."""
    benchmark(Candidate, make())
