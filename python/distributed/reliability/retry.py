"""When to try again: capped exponential backoff with jitter, inside a budget and a deadline.

Full and decorrelated jitter after Brooker, "Exponential Backoff And Jitter" (AWS, 2015).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from random import Random

    from .budget import RetryBudget


class Jitter(StrEnum):
    """How a delay is spread so that those who failed together do not return together."""

    NONE = "none"
    FULL = "full"
    DECORRELATED = "decorrelated"


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how far apart.

    Attributes:
        attempts: tries in all, the first included; 0 for no limit.
        base_seconds: delay bound after the first failure.
        cap_seconds: no delay is longer.
        jitter: the spread.
    """

    attempts: int = 5
    base_seconds: float = 0.2
    cap_seconds: float = 30.0
    jitter: Jitter = Jitter.FULL

    def bound(self, failures: int) -> float:
        """Longest delay in seconds after that many failures, without decorrelation."""
        return float(min(self.cap_seconds, self.base_seconds * 2.0 ** min(failures - 1, 60)))


class Again(msgspec.Struct, frozen=True):
    """Try again after `delay_seconds`; `attempt` is the number of the coming try."""

    delay_seconds: float
    attempt: int


class GiveUp(msgspec.Struct, frozen=True):
    """Do not try again, and why."""

    reason: str


class Retries:
    """The tries of one operation. Make one for each operation and drop it afterwards.

    Args:
        policy: how often and how far apart.
        random: the source of jitter, injected.
        deadline: instant on the caller's clock past which no try may start, or None.
        budget: shared allowance of retries, or None.
    """

    __slots__ = ("_budget", "_deadline", "_last", "_policy", "_random", "failures")

    def __init__(
        self,
        policy: RetryPolicy,
        random: Random,
        *,
        deadline: float | None = None,
        budget: RetryBudget | None = None,
    ) -> None:
        self._policy = policy
        self._random = random
        self._deadline = deadline
        self._budget = budget
        self._last = policy.base_seconds
        self.failures = 0

    def failed(
        self, now: float, *, retryable: bool = True, retry_after_seconds: float | None = None
    ) -> Again | GiveUp:
        """What to do after a try failed at `now`.

        A peer's `retry_after_seconds` is a lower bound: never sooner than it asked, even
        where that is longer than the cap.
        """
        self.failures += 1
        if not retryable:
            return GiveUp("the failure would repeat")
        if self._policy.attempts and self.failures >= self._policy.attempts:
            return GiveUp(f"{self.failures} of {self._policy.attempts} attempts failed")
        delay = self._delay()
        if retry_after_seconds is not None:
            delay += retry_after_seconds
        if self._deadline is not None and now + delay >= self._deadline:
            left = max(0.0, self._deadline - now)
            return GiveUp(f"the next try in {delay:.3f} s would miss the deadline in {left:.3f} s")
        if self._budget is not None and not self._budget.spend(now):
            return GiveUp("the retry budget is spent")
        return Again(delay, self.failures + 1)

    def succeeded(self) -> None:
        """Start over: the next failure is the first one again."""
        self.failures = 0
        self._last = self._policy.base_seconds

    def _delay(self) -> float:
        policy = self._policy
        if policy.jitter is Jitter.DECORRELATED:
            high = max(policy.base_seconds, self._last * 3.0)
            self._last = min(policy.cap_seconds, self._random.uniform(policy.base_seconds, high))
            return self._last
        bound = policy.bound(self.failures)
        return self._random.uniform(0.0, bound) if policy.jitter is Jitter.FULL else bound
