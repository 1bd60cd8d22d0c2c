"""Held routes: no flapping within the band, a forced switch beyond it; cooldowns that decay."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.health.bucket import Bucket
from distributed.routing.holds import HoldRules, Holds
from distributed.routing.request import RouteRequest
from distributed.routing.router import Router, RouterRules

from .builders import candidate

ONE = RouteRequest()


def chosen(router: Router, now: float, **rtts: float) -> str:
    cluster = [candidate(name, rtt, capacity_at=now) for name, rtt in rtts.items()]
    return router.decide(ONE, cluster, now).primaries[0]


@pytest.mark.parametrize(
    ("now", "rtt_of_b", "expected"),
    [
        (29.0, 0.010, "a"),
        (31.0, 0.010, "b"),
        (31.0, 0.085, "a"),
        (31.0, 0.079, "b"),
    ],
    ids=["hold-down", "after it", "too small an improvement", "enough of one"],
)
def test_a_route_changes_only_for_a_real_improvement(
    now: float, rtt_of_b: float, expected: str
) -> None:
    router = Router()
    assert chosen(router, 0.0, a=0.1, b=0.11) == "a"
    assert chosen(router, now, a=0.1, b=rtt_of_b) == expected


@pytest.mark.parametrize(
    "changes", [{"bucket": Bucket.UNHEALTHY}, {"draining": True}, {"bucket": Bucket.BUSY}]
)
def test_exclusion_or_a_fall_of_bucket_forces_a_switch_within_the_hold_down(
    changes: dict[str, object],
) -> None:
    router = Router()
    chosen(router, 0.0, a=0.01, b=0.2)
    cluster = [candidate("a", 0.01, **changes), candidate("b", 0.2)]
    decision = router.decide(ONE, cluster, 1.0)
    assert decision.primaries == ("b",)
    assert decision.notes == ("the route changed to b",)


def test_a_failed_dispatch_breaks_the_hold_and_decays_for_those_that_follow() -> None:
    router = Router(RouterRules(holds=HoldRules(cooldown_factor=4.0, cooldown_seconds=60.0)))
    chosen(router, 0.0, a=0.1, b=0.2)
    router.failed("a", 1.0)
    assert chosen(router, 1.0, a=0.1, b=0.2) == "b"
    assert router.cooldowns.factors(31.0) == {"a": pytest.approx(2.5)}
    assert router.cooldowns.factors(61.0) == {}


def test_a_recovered_datacenter_has_no_penalty_left() -> None:
    router = Router()
    router.failed("a", 0.0)
    router.recovered("a")
    assert chosen(router, 0.1, a=0.1, b=0.2) == "a"


def test_the_hold_is_the_gates_and_outlives_the_job_that_made_it() -> None:
    router = Router()
    picks = {chosen(router, float(n), a=0.1, b=0.099 if n else 0.11) for n in range(20)}
    assert picks == {"a"}


def test_a_plan_leaves_no_trace() -> None:
    router = Router()
    router.plan(ONE, [candidate("a")], 0.0)
    assert len(router.holds) == 0


def test_a_second_try_of_one_job_does_not_move_the_route() -> None:
    router = Router()
    chosen(router, 0.0, a=0.1, b=0.2)
    again = RouteRequest(failed=frozenset({"a"}))
    router.decide(again, [candidate("a", 0.1), candidate("b", 0.2)], 1.0)
    assert router.holds.switches == 0
    assert chosen(router, 2.0, a=0.1, b=0.2) == "a"


def test_remembered_routes_are_bounded() -> None:
    holds = Holds(HoldRules(max_routes=4))
    for number in range(100):
        holds.keep(RouteRequest(named=(f"dc-{number}",)), ("a",), 0.0)
    assert len(holds) == 4


@given(st.integers(), st.floats(0.01, 0.5))
def test_noise_within_the_band_never_flaps(seed: int, rtt: float) -> None:
    """GM 41.7e, 27.3d."""
    random = Random(seed)
    router = Router()
    noise = 0.095
    for step in range(200):
        rtts = {name: rtt * random.uniform(1 - noise, 1 + noise) for name in "abc"}
        chosen(router, step * 10.0, **rtts)
    assert router.holds.switches == 0
