"""Retries: spread, capped, inside the budget and the deadline."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.reliability.budget import RestartBudget, RetryBudget
from distributed.reliability.retry import Again, GiveUp, Jitter, Retries, RetryPolicy

policies = st.builds(
    RetryPolicy,
    attempts=st.just(0),
    base_seconds=st.floats(0.01, 5),
    cap_seconds=st.floats(5, 60),
    jitter=st.sampled_from(list(Jitter)),
)


def delays(policy: RetryPolicy, seed: int, count: int) -> list[float]:
    retries = Retries(policy, Random(seed))
    found = []
    for _ in range(count):
        step = retries.failed(0.0)
        assert isinstance(step, Again)
        found.append(step.delay_seconds)
    return found


def test_without_jitter_delays_double_up_to_the_cap() -> None:
    """MW 59.2, GM 41.24c."""
    policy = RetryPolicy(attempts=0, base_seconds=1.0, cap_seconds=5.0, jitter=Jitter.NONE)
    assert delays(policy, 1, 5) == [1.0, 2.0, 4.0, 5.0, 5.0]


@given(policies, st.integers())
def test_no_delay_is_negative_or_over_the_cap(policy: RetryPolicy, seed: int) -> None:
    assert all(0.0 <= delay <= policy.cap_seconds for delay in delays(policy, seed, 100))


@pytest.mark.parametrize("jitter", [Jitter.FULL, Jitter.DECORRELATED])
def test_those_who_failed_together_do_not_return_together(jitter: Jitter) -> None:
    """MW 55.2, 41.4c, GM 41.24a, 41.24b, 41.24e, 31.3d: a thousand clients spread over the whole
    range.
    """
    policy = RetryPolicy(attempts=0, base_seconds=1.0, cap_seconds=60.0, jitter=jitter)
    fourth = sorted(delays(policy, seed, 4)[-1] for seed in range(1_000))
    tenths = [fourth[100 * n] for n in range(1, 10)]
    assert all(later - earlier > 0.05 for earlier, later in itertools.pairwise(tenths))


def test_the_same_seed_gives_the_same_delays() -> None:
    assert delays(RetryPolicy(attempts=0), 7, 10) == delays(RetryPolicy(attempts=0), 7, 10)


def test_a_failure_that_would_repeat_is_not_tried_again() -> None:
    """GM 41.24d."""
    assert isinstance(Retries(RetryPolicy(), Random(1)).failed(0.0, retryable=False), GiveUp)


def test_attempts_count_the_first_try() -> None:
    retries = Retries(RetryPolicy(attempts=3), Random(1))
    kinds = [type(retries.failed(0.0)) for _ in range(3)]
    assert kinds == [Again, Again, GiveUp]


def test_a_success_starts_over() -> None:
    retries = Retries(RetryPolicy(attempts=2), Random(1))
    retries.failed(0.0)
    retries.succeeded()
    assert isinstance(retries.failed(0.0), Again)


def test_never_sooner_than_the_peer_asked() -> None:
    """MW 56.3, GM 1.3d."""
    retries = Retries(RetryPolicy(cap_seconds=1.0), Random(1))
    step = retries.failed(0.0, retry_after_seconds=20.0)
    assert isinstance(step, Again)
    assert step.delay_seconds >= 20.0


def test_a_try_that_would_miss_the_deadline_is_not_made() -> None:
    policy = RetryPolicy(base_seconds=10.0, jitter=Jitter.NONE)
    assert isinstance(Retries(policy, Random(1), deadline=5.0).failed(0.0), GiveUp)
    assert isinstance(Retries(policy, Random(1), deadline=50.0).failed(0.0), Again)


def test_retries_never_multiply_the_load_of_a_failing_service() -> None:
    """MW 53.9: a global retry cap."""
    budget = RetryBudget(ratio=0.1, per_second=0.0, capacity=10.0)
    sent = 0
    for number in range(1_000):
        budget.first_try(float(number))
        retries = Retries(RetryPolicy(attempts=5), Random(number), budget=budget)
        while isinstance(retries.failed(float(number)), Again):
            sent += 1
    assert sent <= 10 + 100
    assert budget.refused > 0


def test_a_budget_fills_again_with_time() -> None:
    """MW 56.10."""
    budget = RetryBudget(per_second=1.0, capacity=1.0)
    assert budget.spend(0.0)
    assert not budget.spend(0.5)
    assert budget.spend(1.5)


def test_restarts_end_with_the_workflow_or_the_job_whichever_is_first() -> None:
    """GM 41.8a, 41.8b, 41.8c."""
    budget = RestartBudget(job=2, workflow_attempts={"a": 2, "b": 3})
    assert budget.spend("a") is None
    assert budget.spend("a") == "every attempt of 'a' is used"
    assert budget.spend("b") is None
    assert budget.spend("b") == "the job's retry budget is spent"
    assert "no workflow" in (budget.spend("c") or "")
    assert budget.left == 0
