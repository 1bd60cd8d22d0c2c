"""Allowances: retries over many operations, restarts of one job."""

from __future__ import annotations


class RetryBudget:
    """Retries allowed for a whole node: a share of the successes, plus a trickle.

    Retries can then never multiply the load of a service that is failing (the token scheme
    of Finagle's and gRPC's retry throttling).

    Args:
        ratio: retries earned by each first try.
        per_second: retries that are always allowed each second.
        capacity: largest stock.
    """

    def __init__(
        self, *, ratio: float = 0.2, per_second: float = 1.0, capacity: float = 100.0
    ) -> None:
        self._ratio = ratio
        self._per_second = per_second
        self._capacity = capacity
        self._tokens = capacity
        self._at: float | None = None
        self.refused = 0

    def first_try(self, now: float) -> None:
        """A new operation starts."""
        self._refill(now)
        self._tokens = min(self._capacity, self._tokens + self._ratio)

    def spend(self, now: float) -> bool:
        """Take one retry, or say that none is left."""
        self._refill(now)
        if self._tokens < 1.0:
            self.refused += 1
            return False
        self._tokens -= 1.0
        return True

    @property
    def left(self) -> float:
        """Retries in stock."""
        return self._tokens

    def _refill(self, now: float) -> None:
        passed = max(0.0, now - self._at) if self._at is not None else 0.0
        self._tokens = min(self._capacity, self._tokens + passed * self._per_second)
        self._at = now


class RestartBudget:
    """Restarts of one job over all its workflows, and for each workflow.

    Hangs off the job's record. Waiting for cores is no attempt and is never charged.
    """

    def __init__(self, *, job: int, workflow_attempts: dict[str, int]) -> None:
        self._left = job
        self._attempts_left = {name: count - 1 for name, count in workflow_attempts.items()}

    def spend(self, workflow: str) -> str | None:
        """Charge one restart of `workflow`; returns why not, or None when it may restart."""
        left = self._attempts_left.get(workflow)
        if left is None:
            return f"no workflow {workflow!r} in this job"
        if left <= 0:
            return f"every attempt of {workflow!r} is used"
        if self._left <= 0:
            return "the job's retry budget is spent"
        self._attempts_left[workflow] = left - 1
        self._left -= 1
        return None

    @property
    def left(self) -> int:
        """Restarts left for the whole job."""
        return self._left
