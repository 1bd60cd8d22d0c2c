"""Scores: worse facts never make a better score, whichever fact it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from distributed.health.circuit import Circuit
from distributed.routing.candidate import (
    Candidate,
    ScoringRules,
    load_factor,
    predicted_overhead,
    quality_penalty,
    release_rate,
)
from distributed.routing.facts import DatacenterFacts
from distributed.routing.request import RouteRequest
from distributed.routing.router import Router

from .builders import facts

RULES = ScoringRules()


def score(known: dict[str, Any], *, reserved: int = 0, failed_at: float | None = None) -> float:
    router = Router()
    candidate = Candidate(DatacenterFacts(**known))
    if reserved:
        router.reservations.reserve("a", reserved, known["free_cores"], 10.0)
    if failed_at is not None:
        router.failed("a", failed_at)
    view = router.plan(RouteRequest(), [candidate], 10.0).explain().candidates[0]
    return view.score or 0.0


known_facts = st.fixed_dictionaries(
    {
        "name": st.just("a"),
        "free_cores": st.integers(0, 64),
        "total_cores": st.just(64),
        "queued": st.integers(0, 200),
        "capacity_at": st.just(0.0),
        "pressure": st.floats(0, 1),
        "rtt_seconds": st.floats(0.001, 1),
        "rtt_error_seconds": st.floats(0, 0.2),
        "overhead_seconds": st.none() | st.floats(0.001, 5),
        "confidence": st.floats(0, 1),
        "observed_at": st.floats(0, 10),
        "failure_seconds": st.floats(0, 5),
        "failed_at": st.floats(0, 10),
        "slo_factor": st.floats(0.5, 3),
    }
)


@pytest.mark.parametrize(
    "worse",
    ["queued", "pressure", "rtt_seconds", "rtt_error_seconds", "overhead_seconds",
     "failure_seconds", "slo_factor"],
)  # fmt: skip
@given(known=known_facts, more=st.floats(0.01, 10))
def test_scores_are_monotone_in_each_factor(worse: str, known: dict[str, Any], more: float) -> None:
    assume(known[worse] is not None)
    raised = known[worse] + (int(more) + 1 if worse == "queued" else more)
    assert score({**known, worse: raised}) >= score(known) * (1 - 1e-9)


@given(known=known_facts, fewer=st.integers(1, 64))
def test_fewer_free_cores_never_score_better(known: dict[str, Any], fewer: int) -> None:
    left = max(0, known["free_cores"] - fewer)
    assert score({**known, "free_cores": left}) >= score(known)


@given(known=known_facts)
def test_a_probed_circuit_a_failure_and_work_on_its_way_never_score_better(
    known: dict[str, Any],
) -> None:
    plain = score(known)
    assert score({**known, "circuit": Circuit.HALF_OPEN}) >= plain
    assert score(known, failed_at=5.0) >= plain
    assert score(known, reserved=4) >= plain


@pytest.mark.parametrize(
    ("rtt", "error", "expected"),
    [(0.1, 0.0, 0.15), (0.1, 0.05, 0.3), (None, 0.0, 0.3)],
    ids=["exact", "with an error", "unknown"],
)
def test_the_predicted_overhead_is_an_upper_bound(
    rtt: float | None, error: float, expected: float
) -> None:
    assert predicted_overhead(facts("a", rtt, rtt_error_seconds=error), RULES) == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"free_cores": 32}, 1.0),
        ({"free_cores": 16}, 1.25),
        ({"free_cores": 0}, 1.5),
        ({"free_cores": 0, "queued": 32}, 1.65),
        ({"free_cores": 32, "pressure": 1.0}, 1.2),
        ({"free_cores": 32, "circuit": Circuit.HALF_OPEN}, 1.2),
        ({"capacity_at": None}, 1.25),
    ],
)
def test_the_load_factor(changes: dict[str, Any], expected: float) -> None:
    assert load_factor(facts("a", **changes), RULES)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rtt", "error", "slo", "expected"),
    [(0.1, 0.0, 1.0, 1.0), (0.1, 0.02, 1.0, 1.25), (None, 0.0, 1.0, 1.5), (0.1, 0.0, 2.0, 2.0),
     (0.1, 0.0, 0.5, 1.0)],
)  # fmt: skip
def test_the_quality_penalty(rtt: float | None, error: float, slo: float, expected: float) -> None:
    known = facts("a", rtt, rtt_error_seconds=error, slo_factor=slo)
    assert quality_penalty(known, RULES) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"dispatch_rate": 4.0, "free_cores": 16}, 8.0),
        ({"dispatch_rate": 4.0, "free_cores": 0}, 4.0),
        ({"dispatch_rate": 0.0, "service_seconds": 2.0}, 16.0),
        ({"dispatch_rate": 0.0, "service_seconds": None}, 3.2),
        ({"dispatch_rate": 4.0, "free_cores": 32, "service_seconds": 2.0}, 16.0),
    ],
    ids=["half full", "full", "by results", "unknown", "idle"],
)
def test_cores_come_free_by_littles_law(changes: dict[str, Any], expected: float) -> None:
    """GM 41.6e: the estimate follows what the datacenter really gives out."""
    assert release_rate(facts("a", **changes), RULES) == pytest.approx(expected)
