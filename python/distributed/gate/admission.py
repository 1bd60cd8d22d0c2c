"""Who may submit now: limits for each client, and shedding when this gate is overloaded."""

from __future__ import annotations

from distributed.messages.base import Refused
from distributed.reliability.rate_limit import Rate, RateLimiter
from distributed.reliability.shedding import MessageClass
from distributed.transport.interface import Context

from .state import GateState

LOOK_SECONDS = 0.25


class Admission:
    """Judges submissions before anything is decoded further, stored or sent."""

    def __init__(self, state: GateState) -> None:
        self._state = state
        self._rate: tuple[float, int] = (0.0, 0)
        self._limiter: RateLimiter | None = None

    def refusal(self, context: Context, open_jobs: int) -> Refused | None:
        """Why this submission is not looked at now, or None."""
        now = self._state.clock.now()
        if self._state.stopping:
            return Refused("stopping", "this gate is stopping", retry_after_seconds=0.5)
        full = self.full(open_jobs)
        if full is not None:
            return full
        limiter = self._limiter_now()
        if limiter is not None:
            wait = limiter.admit(_client(context), now)
            if wait is not None:
                return Refused(
                    "rate_limited", "too many submissions by this client", retry_after_seconds=wait
                )
        refusal = self._state.load.shed(MessageClass.WORK)
        if refusal is not None:
            self._state.metrics.count("requests_shed", kind="work")
        return refusal

    def full(self, open_jobs: int) -> Refused | None:
        """Why there is no room for one more job here, or None."""
        if open_jobs < self._state.settings.max_open_jobs:
            return None
        reason = f"this gate owns {open_jobs} open jobs, its limit"
        return Refused("overloaded", reason, retry_after_seconds=2.0)

    def _limiter_now(self) -> RateLimiter | None:
        """The limiter of the settings as they stand; a new one where they changed."""
        settings = self._state.settings
        rate = (settings.submissions_per_second, settings.submissions_burst)
        if rate != self._rate:
            self._rate = rate
            held = Rate(per_second=rate[0], burst=rate[1])
            self._limiter = RateLimiter(held) if rate[0] > 0 else None
        return self._limiter

    async def serve(self) -> None:
        """Notice how late the event loop runs; forget idle clients."""
        clock = self._state.clock
        while True:
            due = clock.now() + LOOK_SECONDS
            await clock.sleep(LOOK_SECONDS)
            self._state.load.looked(due)
            if self._limiter is not None:
                self._limiter.sweep(clock.now())


def _client(context: Context) -> str:
    """The proven name of the peer where there is one, else where it connects from."""
    return context.peer.name or context.connection.address.rpartition(":")[0]
