"""Sending the excess elsewhere when waiting costs more than the way."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from distributed.health.bucket import Bucket

from .candidate import BOUND, FAILED
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
    preferred: Scored, others: Sequence[Row], waits: Waits, rules: SpilloverRules, now: float
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
    best: Scored | None = None
    least = preferred.latency + wait - rules.least_gain * wait
    for row in others:
        other = Scored._make(row)
        if other.bucket > max(preferred.bucket, Bucket.BUSY) or not _fresh(other, rules, now):
            continue
        if other.tier == FAILED or other.unpreferred > preferred.unpreferred:
            continue
        if other.latency - preferred.latency > rules.most_extra_latency_seconds:
            continue
        cost = waits.of(other.candidate) + other.latency * other.cooldown
        if cost < least:
            best, least = other, cost
    if best is None:
        return Spill(None, f"waiting {wait:.1f} s costs less than any other way")
    return Spill(
        best.name,
        f"{preferred.name} would wait {wait:.1f} s, {best.name} {waits.of(best.candidate):.1f} s "
        f"for {best.latency - preferred.latency:+.3f} s of latency",
    )


def _fresh(item: Scored, rules: SpilloverRules, now: float) -> bool:
    reported = item.candidate.capacity_at
    return reported is not None and now - reported <= rules.stale_seconds
