"""Federated probes, and whose fault it is when several datacenters fail (GM 3.5, 3.7, 26)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from distributed.health.bucket import Bucket
from distributed.health.correlation import (
    Correlation,
    CorrelationRules,
    FailureCorrelation,
    PeerView,
)
from distributed.health.datacenter import HealthDamper, classify
from distributed.health.federated import ProbeRules, ProbeState, Reach

from .test_datacenter import capacity

STEP = 0.05


def run(
    state: ProbeState, start: float, seconds: float, rtt: Callable[[float], float | None]
) -> list[tuple[float, Reach]]:
    """Drive the probe for a while; `rtt(now)` is None while nothing gets through."""
    answers: list[tuple[float, int]] = []
    story = []
    for step in range(round(seconds / STEP)):
        now = start + step * STEP
        before = state.reach
        for at, sequence in [a for a in answers if a[0] <= now]:
            answers.remove((at, sequence))
            state.acknowledged(sequence, at)
        state.tick(now)
        if state.due(now):
            sequence = state.sent(now)
            way = rtt(now)
            if way is not None:
                answers.append((now + way, sequence))
        if state.reach is not before:
            story.append((now, state.reach))
    return story


def test_an_answer_gives_the_round_trip() -> None:
    """GM 3.5a, 3.5b, 3.5f."""
    state = ProbeState()
    sequence = state.sent(1.0)
    assert state.acknowledged(sequence, 1.08) == pytest.approx(0.08)
    assert state.rtt_seconds == pytest.approx(0.08)


def test_unanswered_probes_suspect_and_then_give_up() -> None:
    """MW 54.5, GM 3.5c, 3.5e."""
    state = ProbeState()
    story = run(state, 0.0, 20.0, lambda now: 0.1 if now < 5.0 else None)
    assert [reach for _, reach in story] == [Reach.SUSPECTED, Reach.UNREACHABLE]
    assert story[-1][0] - 5.0 <= state.rules.detection_seconds()


@pytest.mark.parametrize("rtt", [0.01, 0.1, 0.3, 1.0])
def test_a_healed_datacenter_gets_work_again_within_ten_seconds(rtt: float) -> None:
    """GM 24.3d, 24.4c: whenever the cut ends, with the damper in between."""
    for healed_at in (30.0, 30.3, 30.7, 31.1, 34.9):
        state, damper = ProbeState(), HealthDamper()
        usable_at = None
        answers: list[tuple[float, int]] = []
        for step in range(round(50.0 / STEP)):
            now = step * STEP
            for at, sequence in [a for a in answers if a[0] <= now]:
                answers.remove((at, sequence))
                state.acknowledged(sequence, at)
            state.tick(now)
            if state.due(now):
                sequence = state.sent(now)
                if not 10.0 <= now < healed_at:
                    answers.append((now + rtt, sequence))
            used = damper.step(classify(capacity(), reach=state.reach).bucket, now)
            if now > healed_at and usable_at is None and used is Bucket.HEALTHY:
                usable_at = now
        assert usable_at is not None
        assert usable_at - healed_at <= 10.0


def test_five_percent_loss_is_no_death() -> None:
    """GM 26.1b, 24.1c."""
    state = ProbeState()
    lost = 0

    def rtt(now: float) -> float | None:
        nonlocal lost
        lost += 1
        return None if lost % 20 == 0 else 0.5 if lost % 7 == 0 else 0.1

    assert run(state, 0.0, 600.0, rtt) == []


def test_the_timeout_follows_the_round_trip() -> None:
    """MW 31.3c, GM 26.1a, 24.1a, 41.20a."""
    state = ProbeState(ProbeRules(least_timeout_seconds=0.2))
    assert state.timeout_seconds == state.rules.most_timeout_seconds
    run(state, 0.0, 60.0, lambda _: 0.3)
    assert 0.3 < state.timeout_seconds < 0.5


@pytest.mark.parametrize("jitter", [0.1, 0.2, 0.5])
def test_one_answer_in_a_hundred_is_late_at_most_whatever_the_jitter(jitter: float) -> None:
    """GM 24.1d: the timeout covers the tail of the round trips, not their middle."""
    random, state, now, late = Random(1), ProbeState(), 0.0, 0
    for _ in range(2_000):
        rtt = 0.4 * random.lognormvariate(0.0, jitter)
        sequence = state.sent(now)
        if rtt <= state.timeout_seconds:
            state.acknowledged(sequence, now + rtt)
        else:
            late += 1
            state.tick(now + state.timeout_seconds)
        assert state.reach is Reach.REACHABLE
        now += 5.0
    assert late <= 20


def test_a_datacenter_in_doubt_is_probed_oftener() -> None:
    """GM 26.1d."""
    state = ProbeState()
    run(state, 0.0, 10.0, lambda _: 0.1)
    state.acknowledged(state.sent(20.0), 20.1)
    assert not state.due(21.2)
    state.sent(22.1)
    state.tick(30.0)
    assert state.due(31.0)


def test_a_late_answer_is_no_answer_to_the_next_probe() -> None:
    state = ProbeState()
    late = state.sent(0.0)
    state.tick(6.0)
    state.sent(7.0)
    assert state.acknowledged(late, 7.1) is None


def test_a_new_leader_starts_clean_and_its_predecessor_s_answer_is_not_taken() -> None:
    """GM 3.5d, 41.20b, 41.20c."""
    state = ProbeState()
    assert state.led_by("m1")
    sequence = state.sent(0.0)
    assert state.led_by("m2")
    assert state.due(0.1)
    assert state.acknowledged(sequence, 0.2) is None
    assert not state.led_by("m2")
    assert state.leader == "m2"


def test_a_change_of_leader_clears_no_doubt_about_the_datacenter() -> None:
    state = ProbeState()
    state.led_by("m1")
    now = 0.0
    while state.reach is not Reach.UNREACHABLE:
        now += 1.0
        if state.due(now):
            state.sent(now)
        state.tick(now)
    state.led_by("m2")
    assert state.reach is Reach.UNREACHABLE


def failing(count: int, of: int, *, apart: float = 0.0) -> tuple[FailureCorrelation, float]:
    correlation = FailureCorrelation()
    for number in range(of):
        correlation.observe(f"dc-{number}", failing=False, now=0.0)
    for number in range(count):
        correlation.observe(f"dc-{number}", failing=True, now=100.0 + number * apart)
    return correlation, 100.0 + count * apart


@pytest.mark.parametrize(
    ("count", "of", "peers", "isolated"),
    [
        (1, 5, PeerView(peers=2, reachable=2), False),
        (5, 5, PeerView(peers=2, reachable=0), True),
        (3, 5, PeerView(peers=2, reachable=0), True),
        (2, 5, PeerView(peers=2, reachable=0), False),
        (5, 5, PeerView(peers=2, reachable=1), False),
        (5, 5, PeerView(), True),
        (3, 5, PeerView(), False),
        (1, 1, PeerView(), False),
        (1, 1, PeerView(peers=1, reachable=0), True),
        (0, 5, PeerView(peers=2, reachable=0), False),
    ],
)
def test_its_own_isolation_is_looked_for_first(
    count: int, of: int, peers: PeerView, isolated: bool
) -> None:
    """GM 3.7b, 24.4a: a gate that is cut off evicts nobody."""
    correlation, now = failing(count, of)
    reading = correlation.read(now, peers)
    assert reading.isolated == isolated
    assert (reading.shielded == reading.failing) or not isolated
    for name in reading.failing:
        found = classify(capacity(), reach=Reach.UNREACHABLE, shielded=name in reading.shielded)
        assert (found.bucket is Bucket.UNHEALTHY) == (not isolated)


def test_those_that_come_back_late_from_its_isolation_are_not_evicted_meanwhile() -> None:
    correlation, now = failing(3, 3)
    assert correlation.read(now).isolated
    correlation.observe("dc-0", failing=False, now=now + 1.0)
    reading = correlation.read(now + 1.0)
    assert not reading.isolated
    assert reading.shielded == {"dc-1", "dc-2"}
    correlation.observe("dc-0", failing=True, now=now + 2.0)
    correlation.observe("dc-1", failing=False, now=now + 2.0)
    assert correlation.read(now + 2.0).shielded == {"dc-2"}
    assert correlation.read(now + 11.0).shielded == frozenset()


def test_a_datacenter_that_other_gates_reach_is_not_evicted() -> None:
    """GM 26.2c: a disagreement is resolved for the datacenter."""
    correlation, now = failing(2, 5)
    view = PeerView(peers=3, reachable=3, reached_by={"dc-0": 2})
    reading = correlation.read(now, view)
    assert reading.shielded == {"dc-0"}
    assert "dc-0" in reading.reason


@pytest.mark.parametrize(
    ("count", "of", "apart", "level"),
    [
        (1, 9, 0.0, Correlation.NONE),
        (2, 9, 5.0, Correlation.LOW),
        (3, 9, 5.0, Correlation.MEDIUM),
        (4, 8, 5.0, Correlation.HIGH),
        (4, 9, 5.0, Correlation.MEDIUM),
        (5, 9, 40.0, Correlation.NONE),
    ],
)
def test_simultaneous_failures_are_graded(
    count: int, of: int, apart: float, level: Correlation
) -> None:
    """GM 3.7a, 3.7c, 24.4b."""
    correlation, now = failing(count, of, apart=apart)
    assert correlation.read(now).level is level


def test_one_that_keeps_changing_is_flapping_until_it_holds_still() -> None:
    """GM 26.2b."""
    rules = CorrelationRules(flaps=4, flap_seconds=120.0, flap_cooldown_seconds=60.0)
    correlation = FailureCorrelation(rules)
    for number in range(5):
        correlation.observe("a", failing=number % 2 == 1, now=number * 10.0)
    assert correlation.flapping("a", 41.0)
    assert not correlation.flapping("a", 101.0)
    correlation.forget("a")
    assert not correlation.flapping("a", 41.0)
