"""Candidates in the order in which a job would use them.

A score is blended latency x load factor x quality penalty x cooldown, lower is better.
Blended latency mixes the coordinates' upper confidence bound with the overhead that jobs sent
there really paid, by the confidence in the latter, which falls with its age; failures come on
top until they are forgotten. Scores are compared only among candidates in the same place: the
place orders what no score may outweigh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .candidate import (
    BOUND,
    BUCKET,
    FAILED,
    OPEN,
    TIER,
    UNHELD,
    UNPREFERRED,
    Candidate,
    ScoringRules,
)
from .request import RouteRequest
from .reservations import OnTheWay


class Scored(NamedTuple):
    """One usable candidate with its factors; the leading fields are the order.

    `effective` is the score with the held route's advantage.
    """

    place: int
    effective: float
    name: str
    latency: float
    load: float
    cooldown: float
    candidate: Candidate

    @property
    def tier(self) -> int:
        """Bound, open or failed."""
        return self.place // TIER

    @property
    def bucket(self) -> int:
        """The health bucket."""
        return self.candidate.bucket

    @property
    def unpreferred(self) -> bool:
        """Whether the job prefers other datacenters."""
        return bool(self.place & UNPREFERRED)

    @property
    def score(self) -> float:
        """Latency x load x quality x cooldown, without the held route's advantage."""
        return self.latency * self.load * self.candidate.quality * self.cooldown


class Moment(NamedTuple):
    """What changes from one decision to the next.

    `held` are the datacenters of the route in use, `fresh_hold` whether it was chosen so
    lately that it is kept; `advantage` multiplies their score; `cooling` holds the penalties
    of failed dispatches.
    """

    now: float
    on_the_way: OnTheWay
    cooling: Mapping[str, float]
    held: frozenset[str]
    fresh_hold: bool
    advantage: float


Row = tuple[int, float, str, float, float, float, Candidate]
"""A `Scored` before anybody asks for its names: a plain tuple costs a third to make."""
Excluded = list[tuple[Candidate, str]]


def rank(
    request: RouteRequest, candidates: Iterable[Candidate], moment: Moment, rules: ScoringRules
) -> tuple[list[Row], Excluded]:
    """Score every usable candidate. The rows are not sorted: the best is their minimum.

    This loop is the cost of a decision: what can be known before is in the candidate, what
    most jobs do not ask for is asked once.
    """
    now, on_the_way, cooling, held, fresh_hold, advantage = moment
    forgiven = rules.failure_horizon_seconds
    choosy = bool(request.required or request.barred)
    singled_out = bool(request.failed or request.pinned or request.named)
    widest = request.largest_workflow
    rows: list[Row] = []
    add = rows.append
    excluded: Excluded = []
    for candidate in candidates:
        exclusion, largest, name, place, latency, until, slope, failure, load, quality = (
            candidate.fixed
        )
        if exclusion is not None or choosy or largest < widest:
            reason = exclusion or _unfit(request, candidate)
            if reason is not None:
                excluded.append((candidate, reason))
                continue
        if singled_out:
            place = _place(request, candidate)
        if now < until:
            latency += slope * (until - now)
        if failure and now - candidate.failed_at < forgiven:
            latency += failure * (1.0 - (now - candidate.failed_at) / forgiven)
        if name in on_the_way:
            load += candidate.load_per_core * on_the_way[name][0]
            if load < 1.0:
                load = 1.0
        cooldown = 1.0
        if cooling and name in cooling:
            cooldown = cooling[name]
        effective = latency * load * quality * cooldown
        if name in held:
            effective *= advantage
        elif fresh_hold:
            place += UNHELD
        add((place, effective, name, latency, load, cooldown, candidate))
    return rows, excluded


def _place(request: RouteRequest, candidate: Candidate) -> int:
    name = candidate.name
    tier = FAILED if name in request.failed else BOUND if name in request.pinned else OPEN
    unpreferred = bool(request.named) and name not in request.named
    return tier * TIER + candidate.bucket * BUCKET + unpreferred * UNPREFERRED


def _unfit(request: RouteRequest, candidate: Candidate) -> str | None:
    name = candidate.name
    if request.required and name not in request.named and name not in request.pinned:
        return "not among the datacenters that the job requires"
    if name in request.barred:
        return "already used by this job"
    if 0 < candidate.largest_worker < request.largest_workflow:
        return (
            f"its largest worker has {candidate.largest_worker} cores, "
            f"a workflow needs {request.largest_workflow}"
        )
    return None
