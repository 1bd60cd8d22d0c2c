"""The routing policy: filter, bucket, score, hold, spill, explain.

    candidates -> filter -> health bucket -> score -> hysteresis -> spillover -> decision

A score is blended latency x load factor x quality penalty x cooldown, lower is better.
Blended latency mixes the coordinates' upper confidence bound with the overhead that jobs sent
there really paid, by the confidence in the latter, which falls with its age.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from .candidate import Candidate, ScoringRules
from .decision import BOUND, FAILED, OPEN, Decision, Scored
from .holds import Cooldowns, HoldRules, Holds
from .observed import fading
from .request import RouteRequest
from .reservations import OnTheWay, Reservations
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
        self.reservations.expire(now)
        on_the_way = self.reservations.snapshot()
        waits = Waits(request.cores, on_the_way)
        ranked, excluded = self._rank(request, candidates, on_the_way, now)
        if not ranked:
            return Decision((), ranked, excluded, waits, "no datacenter can take the job", ())
        chosen = ranked[: request.count]
        names = tuple([item.name for item in chosen])
        notes: list[str] = []
        first_try = not request.failed and not request.barred
        if keep and first_try and self.holds.keep(request, names, now):
            notes.append(f"the route changed to {', '.join(names)}")
        names = self._spilled(chosen, ranked[request.count :], waits, notes, now)
        reason = f"best of {len(ranked)} usable in bucket {chosen[0].candidate.facts.bucket.label}"
        if len(names) < request.count:
            reason = f"only {len(names)} of {request.count} datacenters are usable"
        return Decision(names, ranked, excluded, waits, reason, tuple(notes))

    def _spilled(
        self,
        chosen: list[Scored],
        others: list[Scored],
        waits: Waits,
        notes: list[str],
        now: float,
    ) -> tuple[str, ...]:
        names = []
        for item in chosen:
            moved = spill(item, others, waits, self.rules.spillover, now)
            if moved.target is not None:
                notes.append(moved.reason)
                others = [other for other in others if other.name != moved.target]
            names.append(moved.target or item.name)
        return tuple(names)

    def _rank(
        self,
        request: RouteRequest,
        candidates: Iterable[Candidate],
        on_the_way: OnTheWay,
        now: float,
    ) -> tuple[list[Scored], list[tuple[Candidate, str]]]:
        ranked: list[Scored] = []
        excluded: list[tuple[Candidate, str]] = []
        cooling = self.cooldowns.factors(now)
        held, held_down = self._held(request, cooling, now)
        advantage = 1.0 - self.rules.holds.least_improvement
        horizon = self.rules.scoring.confidence_horizon_seconds
        forgiven = self.rules.scoring.failure_horizon_seconds
        named = frozenset(request.named)
        for candidate in candidates:
            reason = candidate.exclusion or _unfit(request, named, candidate)
            if reason is not None:
                excluded.append((candidate, reason))
                continue
            name = candidate.name
            latency = candidate.predicted
            trust = candidate.confidence
            if trust > 0.0:
                trust *= 1.0 - min(1.0, max(0.0, now - candidate.observed_at) / horizon)
                latency += trust * (candidate.overhead - latency)
            if candidate.failure > 0.0:
                latency += candidate.failure * fading(candidate.failed_at, now, forgiven)
            load = candidate.base_load
            if name in on_the_way:
                load += candidate.utilisation_per_core * on_the_way[name][0]
                load = max(1.0, load)
            cooldown = cooling.get(name, 1.0)
            score = latency * load * candidate.quality * cooldown
            is_held = name in held
            ranked.append(
                Scored(
                    _tier(request, name),
                    candidate.bucket,
                    bool(named) and name not in named,
                    not (is_held and held_down),
                    score * advantage if is_held else score,
                    name,
                    latency,
                    load,
                    cooldown,
                    candidate,
                )
            )
        ranked.sort()
        return ranked, excluded

    def _held(
        self, request: RouteRequest, cooling: dict[str, float], now: float
    ) -> tuple[frozenset[str], bool]:
        """Datacenters of the held route that keep their advantage, and whether it is fresh."""
        held = self.holds.of(request)
        if held is None:
            return frozenset(), False
        fresh = now - held.since < self.rules.holds.hold_down_seconds
        return frozenset(held.datacenters).difference(cooling), fresh


def _tier(request: RouteRequest, name: str) -> int:
    if name in request.failed:
        return FAILED
    return BOUND if name in request.pinned else OPEN


def _unfit(request: RouteRequest, named: frozenset[str], candidate: Candidate) -> str | None:
    if request.required and candidate.name not in named and candidate.name not in request.pinned:
        return "not among the datacenters that the job requires"
    if candidate.name in request.barred:
        return "already used by this job"
    if 0 < candidate.largest_worker < request.largest_workflow:
        return (
            f"its largest worker has {candidate.largest_worker} cores, "
            f"a workflow needs {request.largest_workflow}"
        )
    return None
