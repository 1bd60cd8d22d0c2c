"""Spillover: the excess goes elsewhere when waiting costs more than the way (GM 6.2, 41.6)."""

from __future__ import annotations

from typing import Any

import pytest

from distributed.health.bucket import Bucket
from distributed.routing.request import RouteRequest
from distributed.routing.router import Router, RouterRules
from distributed.routing.spillover import SpilloverRules

from .builders import candidate

FOUR = RouteRequest(cores=4)


def primary(router: Router | None = None, now: float = 0.0, **cluster: dict[str, Any]) -> str:
    candidates = [candidate(name, **changes) for name, changes in cluster.items()]
    return (router or Router()).decide(FOUR, candidates, now).primaries[0]


FULL = {"free_cores": 0, "queued": 20, "wait_seconds": 30.0, "rtt": 0.01}


@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [
        (FULL, {"rtt": 0.15}, "far"),
        ({"rtt": 0.01}, {"rtt": 0.15}, "near"),
        ({**FULL, "wait_seconds": 0.0, "dispatch_rate": 100.0}, {"rtt": 0.15}, "near"),
        (FULL, {"rtt": 0.15, "free_cores": 0, "wait_seconds": 29.0}, "near"),
        (FULL, {"rtt": 0.15, "free_cores": 0, "wait_seconds": 5.0}, "far"),
        (FULL, {"rtt": 20.0}, "near"),
        (FULL, {"rtt": 0.15, "capacity_at": None}, "near"),
        (FULL, {"rtt": 0.15, "bucket": Bucket.BUSY}, "far"),
        (FULL, {"rtt": 0.15, "bucket": Bucket.DEGRADED}, "near"),
    ],
    ids=[
        "a full datacenter spills (GM 6.2b, 27.1b, 41.6a)",
        "free cores stay",
        "a short wait is queued for (GM 6.2e, 41.6b)",
        "nobody free, little to gain (GM 6.2d)",
        "nobody free, but a shorter queue (GM 6.2f)",
        "the way is too far (GM 6.2c, 41.6c)",
        "unknown capacity takes no spill",
        "busy is not unhealthy",
        "a worse bucket takes no spill",
    ],
)
def test_where_the_excess_goes(near: dict[str, Any], far: dict[str, Any], expected: str) -> None:
    assert primary(near=near, far=far) == expected


def test_stale_capacity_keeps_the_job_where_it_is() -> None:
    """GM 41.6d."""
    assert primary(now=31.0, near=FULL, far={"rtt": 0.15}) == "near"


def test_spillover_can_be_switched_off() -> None:
    """GM 6.2a."""
    router = Router(RouterRules(spillover=SpilloverRules(enabled=False)))
    assert primary(router, near=FULL, far={"rtt": 0.15}) == "near"


def test_reservations_send_the_rest_of_a_burst_on() -> None:
    router = Router()
    cluster = [candidate("near", 0.01), candidate("far", 0.1)]
    picks = []
    for _ in range(8):
        name = router.decide(FOUR, cluster, 0.0).primaries[0]
        picks.append(name)
        router.reservations.reserve(name, 4, 16, 0.0)
    assert picks == ["near"] * 4 + ["far"] * 4


def test_the_held_route_does_not_follow_the_excess() -> None:
    router = Router()
    assert primary(router, near=FULL, far={"rtt": 0.15}) == "far"
    assert primary(router, near={"rtt": 0.01}, far={"rtt": 0.15}) == "near"
    assert router.holds.switches == 0


def test_a_spill_says_why() -> None:
    candidates = [candidate("near", **FULL), candidate("far", 0.15)]
    decision = Router().decide(FOUR, candidates, 0.0)
    assert decision.notes[-1].startswith("near would wait 31.0 s, far 0.0 s")
    assert {view.name: view.reason for view in decision.explain().candidates} == {
        "near": "would wait 31.0 s for cores",
        "far": "chosen",
    }


def test_a_bound_job_waits() -> None:
    request = RouteRequest(cores=4, pinned=("near",))
    candidates = [candidate("near", **FULL), candidate("far", 0.15)]
    assert Router().decide(request, candidates, 0.0).primaries == ("near",)
