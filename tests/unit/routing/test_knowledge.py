"""One gate's knowledge joined: what comes in and what a decision makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from distributed.health.bucket import Bucket
from distributed.health.circuit import Circuit
from distributed.health.correlation import PeerView
from distributed.health.federated import Reach
from distributed.health.slo import SloTargets
from distributed.messages.health import ManagerStatus
from distributed.routing.knowledge import RoutingKnowledge
from distributed.routing.request import RouteRequest
from distributed.stats.sketch import LatencySketch

ONE = RouteRequest(cores=4)


def status(datacenter: str, sequence: int = 1, **changes: Any) -> ManagerStatus:
    fields: dict[str, Any] = {
        "name": f"m-{datacenter}",
        "address": "",
        "workers": 2,
        "healthy_workers": 2,
        "cores": 16,
        "free_cores": 16,
        "queued": 0,
        "jobs": 0,
    }
    return ManagerStatus(datacenter=datacenter, sequence=sequence, **(fields | changes))


def two(**rtts: float) -> RoutingKnowledge:
    knowledge = RoutingKnowledge()
    for name, rtt in (rtts or {"near": 0.01, "far": 0.1}).items():
        knowledge.members(name, live=1, known=1)
        knowledge.status(status(name), 0.0)
        knowledge.round_trip(name, rtt, 0.0)
    return knowledge


def view(knowledge: RoutingKnowledge, name: str, now: float) -> Any:
    found = knowledge.plan(ONE, now).explain().candidates
    return next(candidate for candidate in found if candidate.name == name)


def test_a_job_goes_to_the_nearest_and_its_cores_are_reserved() -> None:
    """GM 1.1b, 1.2g."""
    knowledge = two()
    decision = knowledge.decide(ONE, 0.1)
    dispatch = knowledge.dispatch(decision, decision.primaries[0], 4, 0.1)
    assert dispatch.datacenter == "near"
    assert knowledge.router.reservations.on_the_way("near") == (4, 0)


@pytest.mark.parametrize("end", ["finished", "refused", "failed", "abandoned"])
def test_whatever_ends_a_dispatch_leaves_nothing_of_it(end: str) -> None:
    """Invariant 8: ten thousand jobs, and only what is kept for each datacenter is left."""
    knowledge = two()
    for number in range(2_500):
        now = 0.1 + number * 0.001
        dispatch = knowledge.dispatch(knowledge.decide(ONE, now), "far", 4, now)
        if number % 2:
            dispatch.accepted(now)
        if end == "finished":
            dispatch.finished(now + 0.01, 0.005)
        elif end == "abandoned":
            dispatch.abandoned()
        else:
            dispatch.failed(now + 0.01, refused=end == "refused")
        dispatch.abandoned()
    reservations = knowledge.router.reservations
    knowledge.status(status("far", 2), 10.0)
    reservations.expire(1e6)
    assert len(reservations) == 0
    assert reservations.snapshot() == {}
    assert len(knowledge.observed) <= 2


def test_refusals_open_the_circuit_and_one_probe_closes_it() -> None:
    """GM 3.3f: of that datacenter only."""
    knowledge = two()
    for _ in range(3):
        decision = knowledge.decide(ONE, 0.1)
        knowledge.dispatch(decision, "near", 4, 0.1).failed(0.2, refused=True)
    assert view(knowledge, "near", 0.3).reason == "circuit open"
    probing = knowledge.decide(ONE, 6.0)
    assert knowledge.datacenter("near").breaker.state(6.0) is Circuit.HALF_OPEN
    probe = knowledge.dispatch(probing, "near", 4, 6.0)
    assert view(knowledge, "near", 6.0).reason == "circuit open"
    probe.accepted(6.1)
    assert knowledge.datacenter("near").breaker.state(6.1) is Circuit.CLOSED


def test_failures_of_jobs_do_not_open_the_circuit() -> None:
    knowledge = two()
    for _ in range(9):
        knowledge.dispatch(knowledge.decide(ONE, 0.1), "near", 4, 0.1).failed(0.2, refused=False)
    assert view(knowledge, "near", 0.3).verdict == "fallback"
    assert knowledge.decide(ONE, 0.3).primaries == ("far",)


def drive(knowledge: RoutingKnowledge, start: float, end: float, cut: set[str]) -> None:
    """Statuses and probe answers every half second, from what is not cut."""
    now = start
    while now < end:
        for name in ("near", "far"):
            probe = knowledge.datacenter(name).probe
            probe.tick(now)
            sequence = probe.sent(now) if probe.due(now) else None
            if name not in cut:
                knowledge.status(status(name, int(now * 10) + 2), now)
                if sequence is not None:
                    probe.acknowledged(sequence, now + 0.05)
        knowledge.candidates(now)
        now += 0.5


def test_a_datacenter_that_is_cut_off_takes_no_job_within_the_bound_and_returns() -> None:
    """GM 26.3b, 27.3a, 33.3a, 33.3d."""
    knowledge = two()
    knowledge.peers = PeerView(peers=2, reachable=2)
    drive(knowledge, 1.0, 10.0, set())
    bound = knowledge.datacenter("near").probe.rules.detection_seconds()
    drive(knowledge, 10.0, 10.0 + bound, {"near"})
    assert view(knowledge, "near", 10.0 + bound).reason == "unhealthy: unreachable by probes"
    drive(knowledge, 60.0, 70.0, set())
    assert knowledge.decide(ONE, 70.0).primaries == ("near",)


def test_a_gate_that_is_cut_off_evicts_nobody() -> None:
    """GM 3.7b, 24.4a."""
    knowledge = two()
    knowledge.peers = PeerView(peers=2, reachable=2)
    drive(knowledge, 1.0, 10.0, set())
    knowledge.peers = PeerView(peers=2, reachable=0)
    for second in range(10, 60):
        drive(knowledge, float(second), second + 1.0, {"near", "far"})
        assert knowledge.plan(ONE, second + 1.0).placed
    assert knowledge.reading(60.0).isolated
    assert knowledge.datacenter("near").probe.reach is Reach.UNREACHABLE
    assert {name: view(knowledge, name, 60.0).verdict for name in ("near", "far")} == {
        "near": "primary",
        "far": "fallback",
    }
    assert knowledge.datacenter("near").assessment.bucket is Bucket.DEGRADED


def test_a_drained_datacenter_returns_without_a_penalty() -> None:
    """GM 25.3c: draining is a flag that is believed when set and when taken back."""
    knowledge = two()
    knowledge.status(status("near", 2, draining=True), 1.0)
    assert view(knowledge, "near", 1.0).reason == "draining"
    knowledge.dispatch(knowledge.decide(ONE, 1.0), "near", 4, 1.0).failed(1.1, refused=True)
    knowledge.status(status("near", 3), 2.0)
    assert view(knowledge, "near", 2.0).cooldown == 1.0
    knowledge.status(status("near", 4), 32.0)
    knowledge.status(status("far", 4), 32.0)
    assert knowledge.decide(ONE, 32.0).primaries == ("near",)


def test_unknown_datacenters_are_candidates() -> None:
    """GM 2.1c: what nobody configured is a datacenter once it reports, and none when forgotten."""
    knowledge = RoutingKnowledge()
    knowledge.datacenter("new")
    assert knowledge.decide(ONE, 0.0).primaries == ("new",)
    knowledge.forget("new")
    assert not knowledge.decide(ONE, 0.0).placed


def test_missed_service_levels_push_a_datacenter_back() -> None:
    """GM 41.14a, 41.14e, 27.1c."""
    knowledge = RoutingKnowledge(slo_targets=SloTargets())
    for name, seconds in (("a", 2.0), ("b", 0.02)):
        knowledge.members(name, live=1, known=1)
        knowledge.status(status(name), 0.0)
        knowledge.round_trip(name, 0.05, 0.0)
        sketch = LatencySketch()
        sketch.add_many([seconds] * 200)
        slo = knowledge.datacenter(name).slo
        assert slo is not None
        slo.record(sketch.to_bytes(), 0.0)
    assert knowledge.decide(ONE, 1.0).primaries == ("b",)
    knowledge.status(status("a", 2), 60.0)
    assert view(knowledge, "a", 61.0).bucket == "degraded"


def test_what_nothing_new_was_heard_of_is_not_worked_out_again() -> None:
    """GM 6.1a, 26.2d, 29.3c: what was prepared is kept until a report comes or it is 0.25 s old."""
    knowledge = two()
    first = knowledge.candidates(0.1)
    assert all(a is b for a, b in zip(first, knowledge.candidates(0.2), strict=True))
    knowledge.status(status("near", 2, free_cores=1), 0.25)
    near, far = knowledge.candidates(0.26)
    assert near.facts.free_cores == 1
    assert far is first[1]


@pytest.mark.parametrize(
    ("coordinates", "probed", "used"),
    [
        ((0.2, 0.01), None, 0.2),
        (None, 0.2, 0.2),
        ((0.2, 0.01), 0.19, 0.2),
        ((0.2, 0.4), 0.19, 0.19),
    ],
    ids=["coordinates alone", "probes alone", "the surer bounds lower", "a vague coordinate"],
)
def test_a_round_trip_of_200_ms_is_known_by_whichever_bounds_it_lower(
    coordinates: tuple[float, float] | None, probed: float | None, used: float
) -> None:
    """GM 24.1b."""
    knowledge = RoutingKnowledge()
    known = knowledge.datacenter("far")
    if coordinates is not None:
        knowledge.round_trip("far", *coordinates)
    if probed is not None:
        known.probe.acknowledged(known.probe.sent(0.0), probed)
    assert known.round_trip is not None
    assert known.round_trip[0] == pytest.approx(used)
    facts = knowledge.candidates(1.0)[0].facts
    assert facts.rtt_seconds == pytest.approx(used)


@pytest.mark.parametrize("pressure", ["throttle", "batch", "reject"])
def test_a_datacenter_under_pressure_is_used_less(pressure: str) -> None:
    """GM 5.2a, 5.2b: the worst manager's level counts, and lowers the rank."""
    knowledge = two(near=0.05, far=0.05)
    knowledge.status(status("near", 2, pressure=pressure), 0.1)
    knowledge.status(status("near", 1, name="m-other"), 0.1)
    assert knowledge.decide(ONE, 0.2).primaries == ("far",)


def test_a_degraded_datacenter_gets_nothing_that_a_healthy_one_can_take() -> None:
    """GM 27.3c."""
    knowledge = two()
    knowledge.status(status("near", 2, workers=4, healthy_workers=1), 0.1)
    decision = knowledge.decide(ONE, 0.2)
    assert decision.primaries == ("far",)
    assert "1 of 4 workers are healthy" in decision.explain().candidates[1].reason
