"""Rate limits for each client: exact, bounded, adapting (GM 4.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.reliability.rate_limit import Rate, RateLimiter


def test_a_burst_passes_and_what_exceeds_it_is_told_when_to_return() -> None:
    """GM 4.3b, 41.18a."""
    limiter = RateLimiter(Rate(per_second=2.0, burst=3.0))
    assert [limiter.admit("a", 0.0) for _ in range(3)] == [None, None, None]
    after = limiter.admit("a", 0.0)
    assert after == pytest.approx(0.5)
    assert limiter.admit("a", 0.5) is None
    assert limiter.refused == 1


def test_clients_do_not_share_a_limit() -> None:
    """GM 4.3a."""
    limiter = RateLimiter(Rate(per_second=1.0))
    assert limiter.admit("a", 0.0) is None
    assert limiter.admit("b", 0.0) is None
    assert limiter.admit("a", 0.0) is not None


def test_a_refused_request_costs_nothing() -> None:
    limiter = RateLimiter(Rate(per_second=1.0))
    limiter.admit("a", 0.0)
    for _ in range(100):
        limiter.admit("a", 0.1)
    assert limiter.admit("a", 1.0) is None


def test_pressure_lowers_the_rate() -> None:
    """GM 4.3d."""
    limiter = RateLimiter(Rate(per_second=1.0))
    limiter.admit("a", 0.0, factor=0.5)
    assert limiter.admit("a", 1.0, factor=0.5) is not None
    assert limiter.admit("a", 2.0, factor=0.5) is None


def test_clients_are_bounded_and_the_idle_are_swept() -> None:
    """GM 4.3c."""
    limiter = RateLimiter(Rate(per_second=1.0), max_clients=10, idle_seconds=60.0)
    for number in range(100):
        limiter.admit(f"c{number}", float(number))
    assert len(limiter) == 10
    assert limiter.sweep(155.0) == 5
    assert limiter.sweep(1000.0) == 5
    assert len(limiter) == 0


@given(st.floats(0.5, 50), st.integers(1, 20), st.lists(st.floats(0, 1), min_size=1, max_size=100))
def test_no_more_than_rate_and_burst_ever_pass(
    per_second: float, burst: int, gaps: list[float]
) -> None:
    limiter = RateLimiter(Rate(per_second=per_second, burst=float(burst)))
    now, passed = 0.0, 0
    for gap in gaps:
        now += gap
        passed += limiter.admit("a", now) is None
    assert passed <= burst + per_second * now + 1e-6
