"""The routing policy: filter, bucket, score, hold, spill, explain.

candidates -> filter -> health bucket -> score -> hysteresis -> spillover -> decision
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest

import msgspec

from .candidate import Candidate, ScoringRules
from .decision import Decision
from .holds import Cooldowns, HoldRules, Holds
from .ranking import Moment, Row, Scored, rank
from .request import RouteRequest
from .reservations import Reservations
from .spillover import SpilloverRules, spill
from .wait import Waits


class RouterRules(msgspec.Struct, frozen=True, kw_only=True):
    """Every number of the policy, in one value."""

    scoring: ScoringRules = ScoringRules()
    holds: HoldRules = HoldRules()
    spillover: SpilloverRules = SpilloverRules()
    reservation_seconds: float = 30.0


class Router:
    """One gate's routing state: holds, cooldowns and reservations. Nothing for each job."""

    def __init__(self, rules: RouterRules | None = None) -> None:
        self.rules = rules if rules is not None else RouterRules()
        self.holds = Holds(self.rules.holds)
        self.cooldowns = Cooldowns(self.rules.holds)
        self.reservations = Reservations(expiry_seconds=self.rules.reservation_seconds)

    def decide(
        self, request: RouteRequest, candidates: Iterable[Candidate], now: float
    ) -> Decision:
        """Where the job goes; the gate's route follows the choice."""
        return self._decide(request, candidates, now, keep=True)

    def plan(self, request: RouteRequest, candidates: Iterable[Candidate], now: float) -> Decision:
        """Where the job would go; nothing is remembered."""
        return self._decide(request, candidates, now, keep=False)

    def failed(self, datacenter: str, now: float) -> None:
        """A dispatch there failed or was refused: those that follow avoid it for a while."""
        self.cooldowns.failed(datacenter, now)

    def recovered(self, datacenter: str) -> None:
        """The datacenter is known to be well again: no penalty outlives the fault."""
        self.cooldowns.clear(datacenter)

    def _decide(
        self, request: RouteRequest, candidates: Iterable[Candidate], now: float, *, keep: bool
    ) -> Decision:
        moment = self._moment(request, now)
        waits = Waits(request.cores, moment.on_the_way)
        rows, excluded = rank(request, candidates, moment, self.rules.scoring)
        if not rows:
            return Decision((), rows, excluded, waits, "no datacenter can take the job", (), now)
        chosen = [min(rows)] if request.count == 1 else nsmallest(request.count, rows)
        names = tuple([row[2] for row in chosen])
        notes: list[str] = []
        first_try = not request.failed and not request.barred
        if keep and first_try and self.holds.keep(request, names, now):
            notes.append(f"the route changed to {', '.join(names)}")
        names = self._spilled(chosen, rows, waits, notes, now)
        reason = f"best of {len(rows)} usable in bucket {chosen[0][-1].facts.bucket.label}"
        if len(names) < request.count:
            reason = f"only {len(names)} of {request.count} datacenters are usable"
        return Decision(names, rows, excluded, waits, reason, tuple(notes), now)

    def _moment(self, request: RouteRequest, now: float) -> Moment:
        """A datacenter in cooldown keeps nothing of the held route's advantage."""
        self.reservations.expire(now)
        cooling = self.cooldowns.factors(now)
        rules = self.rules.holds
        held = self.holds.of(request)
        return Moment(
            now=now,
            on_the_way=self.reservations.snapshot(),
            cooling=cooling,
            held=frozenset(held.datacenters).difference(cooling) if held else frozenset(),
            fresh_hold=held is not None and now - held.since < rules.hold_down_seconds,
            advantage=1.0 - rules.least_improvement,
        )

    def _spilled(
        self, chosen: list[Row], rows: list[Row], waits: Waits, notes: list[str], now: float
    ) -> tuple[str, ...]:
        taken = [row[2] for row in chosen]
        for index, row in enumerate(chosen):
            others = rows
            if len(taken) > 1:
                others = [other for other in rows if other[2] not in taken]
            moved = spill(Scored._make(row), others, waits, self.rules.spillover, now)
            if moved.target is not None:
                notes.append(moved.reason)
                taken[index] = moved.target
        return tuple(taken)
