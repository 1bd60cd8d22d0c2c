"""Sending the excess elsewhere when waiting costs more than the way."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from distributed.health.bucket import Bucket

from .candidate import BOUND, BUCKET, OPEN, TIER, UNPREFERRED
from .ranking import Row, Scored
from .wait import Waits


class SpilloverRules(msgspec.Struct, frozen=True, kw_only=True):
    """When work leaves the preferred datacenter.

    Attributes:
        enabled: off keeps every job where its score puts it.
        least_wait_seconds: a shorter expected wait is queued for.
        least_gain: share of the wait that leaving must save, after its extra latency.
        most_extra_latency_seconds: no datacenter farther than this is spilled to.
        stale_seconds: without younger capacity facts of both, nothing moves.
    """

    enabled: bool = True
    least_wait_seconds: float = 0.01
    least_gain: float = 0.2
    most_extra_latency_seconds: float = 5.0
    stale_seconds: float = 30.0


class Spill(msgspec.Struct, frozen=True):
    """Whether the job leaves the preferred datacenter, to where, and why."""

    target: str | None
    reason: str


def spill(
    preferred: Scored, others: Iterable[Row], waits: Waits, rules: SpilloverRules, now: float
) -> Spill:
    """Compare the preferred datacenter's wait with the cost of going elsewhere.

    Busy is not unhealthy: work spills between healthy and busy datacenters by their waits, and
    otherwise only within a bucket. Where nobody has free cores the job goes to the shortest
    sum of wait and latency, or stays if that saves too little.
    """
    wait = waits.of(preferred.candidate)
    if not rules.enabled:
        return Spill(None, "spillover is off")
    if preferred.tier == BOUND:
        return Spill(None, "the job is bound to it")
    if wait < rules.least_wait_seconds:
        return Spill(None, "no wait worth leaving for")
    if not _fresh(preferred, rules, now):
        return Spill(None, "capacity facts are stale")
    here = preferred.latency
    best = _cheapest(preferred, others, waits, rules, now, here + wait - rules.least_gain * wait)
    if best is None:
        return Spill(None, f"waiting {wait:.1f} s costs less than any other way")
    _, _, name, latency, _, _, candidate = best
    return Spill(
        name,
        f"{preferred.name} would wait {wait:.1f} s, {name} {waits.of(candidate):.1f} s "
        f"for {latency - here:+.3f} s of latency",
    )


def _cheapest(
    preferred: Scored,
    others: Iterable[Row],
    waits: Waits,
    rules: SpilloverRules,
    now: float,
    least: float,
) -> Row | None:
    """The one with the smallest sum of wait and latency below `least`.

    What almost every candidate fails is asked first: this loop is what a decision costs where
    everything is full.
    """
    cores, on_the_way = waits.cores, waits.on_the_way
    too_bad = _first_place_below(preferred)
    farthest = preferred.latency + rules.most_extra_latency_seconds
    oldest = now - rules.stale_seconds
    unpreferred = preferred.place & UNPREFERRED
    best = None
    for row in others:
        place, _, name, latency, _, cooldown, candidate = row
        cost = latency * cooldown
        if cost >= least or place >= too_bad:
            continue
        wanted = cores
        if name in on_the_way:
            promised, waiting = on_the_way[name]
            wanted += promised + waiting
        wait = candidate.pile + candidate.seconds_per_core * wanted
        if wait > 0.0:
            cost += wait
        if cost >= least or latency > farthest or name == preferred.name:
            continue
        if candidate.capacity_at is None or candidate.capacity_at < oldest:
            continue
        if place & UNPREFERRED <= unpreferred:
            best, least = row, cost
    return best


def _first_place_below(preferred: Scored) -> int:
    """Places from here on take no spill: below busy, or below the preferred one's bucket."""
    bucket = preferred.place - preferred.place % BUCKET
    return max(bucket, OPEN * TIER + Bucket.BUSY * BUCKET) + BUCKET


def _fresh(item: Scored, rules: SpilloverRules, now: float) -> bool:
    reported = item.candidate.capacity_at
    return reported is not None and now - reported <= rules.stale_seconds
