"""The circuit breaker: opens, waits, lets one probe through (GM 3.3)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distributed.health.circuit import Circuit, CircuitBreaker, CircuitRules

RULES = CircuitRules(failures=3, window_seconds=30.0, open_seconds=5.0, probe_seconds=10.0)


def opened() -> CircuitBreaker:
    breaker = CircuitBreaker(RULES)
    for _ in range(3):
        breaker.failed(0.0)
    return breaker


def test_errors_open_it_and_open_refuses() -> None:
    """GM 3.3a, 3.3b."""
    breaker = CircuitBreaker(RULES)
    breaker.failed(0.0)
    breaker.failed(1.0)
    assert breaker.allow(1.0)
    breaker.failed(2.0)
    assert breaker.state(2.0) is Circuit.OPEN
    assert not breaker.allow(2.0)


def test_errors_far_apart_do_not() -> None:
    """GM 2.2d: failures are forgotten with time."""
    breaker = CircuitBreaker(RULES)
    for now in (0.0, 20.0, 40.0, 60.0):
        breaker.failed(now)
    assert breaker.state(60.0) is Circuit.CLOSED


def test_half_open_lets_exactly_one_probe_through() -> None:
    """GM 3.3c, 41.21d."""
    breaker = opened()
    assert breaker.state(5.0) is Circuit.HALF_OPEN
    assert [breaker.allow(5.0) for _ in range(5)] == [True, False, False, False, False]


def test_reading_the_state_takes_no_probe() -> None:
    breaker = opened()
    for _ in range(10):
        assert breaker.state(5.0) is Circuit.HALF_OPEN
    assert breaker.allow(5.0)


def test_a_taken_probe_leaves_nothing_to_use() -> None:
    breaker = opened()
    assert breaker.usable(5.0) is Circuit.HALF_OPEN
    breaker.allow(5.0)
    assert (breaker.state(5.0), breaker.usable(5.0)) == (Circuit.HALF_OPEN, Circuit.OPEN)
    assert CircuitBreaker(RULES).usable(0.0) is Circuit.CLOSED


def test_a_success_closes_it() -> None:
    """GM 3.3d."""
    breaker = opened()
    breaker.allow(5.0)
    breaker.succeeded(5.1)
    assert breaker.state(5.1) is Circuit.CLOSED


def test_a_failed_probe_opens_it_for_twice_as_long() -> None:
    """GM 3.3e, MW 45.7."""
    breaker = opened()
    breaker.allow(5.0)
    breaker.failed(5.5)
    assert breaker.state(15.4) is Circuit.OPEN
    assert breaker.state(15.5) is Circuit.HALF_OPEN


def test_a_late_success_of_a_call_from_before_closes_nothing() -> None:
    breaker = opened()
    breaker.succeeded(1.0)
    assert breaker.state(1.0) is Circuit.OPEN


def test_a_probe_that_is_never_answered_has_failed() -> None:
    breaker = opened()
    breaker.allow(5.0)
    assert not breaker.allow(14.9)
    assert breaker.state(15.0) is Circuit.OPEN
    assert not breaker.allow(15.0)
    assert breaker.allow(25.0)


def test_a_probe_that_was_not_sent_is_given_back() -> None:
    breaker = opened()
    breaker.allow(5.0)
    breaker.abandoned()
    assert breaker.allow(5.0)


@given(st.lists(st.tuples(st.sampled_from(["fail", "ok", "ask"]), st.floats(0, 20))))
def test_it_is_never_shut_for_ever(steps: list[tuple[str, float]]) -> None:
    breaker = CircuitBreaker(RULES)
    now = 0.0
    for action, wait in steps:
        now += wait
        if action == "fail":
            breaker.failed(now)
        elif action == "ok":
            breaker.succeeded(now)
        else:
            breaker.allow(now)
    later = now + RULES.probe_seconds
    breaker.allow(later)
    assert breaker.allow(later + RULES.open_cap_seconds) or breaker.allow(
        later + RULES.open_cap_seconds + RULES.probe_seconds + RULES.open_cap_seconds
    )
