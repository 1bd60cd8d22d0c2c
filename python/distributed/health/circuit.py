"""A circuit breaker for one destination (Nygard, "Release It!", chapter on stability patterns)."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import msgspec


class Circuit(StrEnum):
    """Closed lets everything through, open nothing, half-open exactly one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a circuit opens and how it closes.

    Attributes:
        failures: that many within `window_seconds` open it.
        window_seconds: how far back failures count.
        open_seconds: time until the first probe; doubles with each failed probe.
        open_cap_seconds: longest time between probes.
        probe_seconds: a probe that is not answered by then has failed.
    """

    failures: int = 3
    window_seconds: float = 30.0
    open_seconds: float = 5.0
    open_cap_seconds: float = 60.0
    probe_seconds: float = 10.0


class CircuitBreaker:
    """The state of one destination. Reading never changes it; only calls and time do."""

    __slots__ = ("_failures", "_opened_at", "_probe_at", "_rules", "_wait")

    def __init__(self, rules: CircuitRules | None = None) -> None:
        self._rules = rules if rules is not None else CircuitRules()
        self._failures: deque[float] = deque(maxlen=self._rules.failures)
        self._opened_at: float | None = None
        self._probe_at: float | None = None
        self._wait = self._rules.open_seconds

    def state(self, now: float) -> Circuit:
        """What the circuit is at `now`."""
        if self._opened_at is None:
            return Circuit.CLOSED
        probe_from = self._opened_at + self._wait
        if self._probe_lost(now):
            probe_from = self._probe_deadline() + self._longer_wait()
        return Circuit.HALF_OPEN if now >= probe_from else Circuit.OPEN

    def usable(self, now: float) -> Circuit:
        """The state for one who wants to call: half-open with its probe taken counts as open."""
        state = self.state(now)
        taken = self._probe_at is not None and not self._probe_lost(now)
        return Circuit.OPEN if state is Circuit.HALF_OPEN and taken else state

    def allow(self, now: float) -> bool:
        """Whether a call may be made now. In half-open the first asker gets the one probe."""
        if self._opened_at is None:
            return True
        if self._probe_lost(now):
            self._reopen(self._probe_deadline())
        if self._probe_at is not None or now < self._opened_at + self._wait:
            return False
        self._probe_at = now
        return True

    def succeeded(self, now: float) -> None:
        """A call was answered; a success of a call from before the opening closes nothing."""
        if self._opened_at is None:
            return
        if self._probe_at is not None and now >= self._probe_at:
            self.reset()

    def failed(self, now: float) -> None:
        """A call failed."""
        if self._opened_at is not None:
            if self._probe_at is not None:
                self._reopen(now)
            return
        self._failures.append(now)
        recent = [at for at in self._failures if at > now - self._rules.window_seconds]
        if len(recent) >= self._rules.failures:
            self._opened_at = now

    def abandoned(self) -> None:
        """The probe was not sent after all (the call ended before it left): give it back."""
        self._probe_at = None

    def reset(self) -> None:
        """The destination is known to be well again, from elsewhere or from the probe."""
        self._failures.clear()
        self._opened_at = self._probe_at = None
        self._wait = self._rules.open_seconds

    def _probe_deadline(self) -> float:
        return (self._probe_at or 0.0) + self._rules.probe_seconds

    def _probe_lost(self, now: float) -> bool:
        return self._probe_at is not None and now >= self._probe_deadline()

    def _reopen(self, at: float) -> None:
        self._opened_at = at
        self._probe_at = None
        self._wait = self._longer_wait()

    def _longer_wait(self) -> float:
        return min(self._rules.open_cap_seconds, self._wait * 2.0)
