"""A datacenter prepared for scoring: all that does not change with time or job, once.

A gate routes many jobs between two reports, so what a report fixes is worked out when it
arrives and a decision only adds what depends on the moment.
"""

from __future__ import annotations

import msgspec

from distributed.health.bucket import Bucket
from distributed.health.circuit import Circuit

from .facts import DatacenterFacts

BOUND, OPEN, FAILED = range(3)
TIER, BUCKET, UNPREFERRED, UNHELD = 16, 4, 2, 1
"""What a candidate's place is made of, each outweighing all that follow: the tier (those the
job is bound to, all others, those that failed it), the health bucket, whether the job prefers
others, and whether another route was chosen just now."""


class ScoringRules(msgspec.Struct, frozen=True, kw_only=True):
    """The weights of a score.

    Attributes:
        round_trips: round trips that a job pays: dispatch and its answer, the result's way.
        error_weight: how many coordinate errors the upper confidence bound adds.
        default_rtt_seconds, default_error_seconds: for a datacenter without a coordinate.
        confidence_horizon_seconds: age at which an observation has lost all its weight.
        failure_horizon_seconds: the same for failures.
        utilisation_weight, queue_weight, strain_weight: of the load factor, which is 1 for an
            idle datacenter. Strain is a circuit that is being probed or back-pressure.
        quality_weight: penalty for a coordinate about which nothing is certain.
        sure_error_seconds: coordinate error that costs half of that penalty.
        stale_seconds: capacity older than this counts as unknown.
        unknown_service_seconds: how long work holds its cores where nobody knows.
    """

    round_trips: float = 1.5
    error_weight: float = 2.0
    default_rtt_seconds: float = 0.1
    default_error_seconds: float = 0.05
    confidence_horizon_seconds: float = 60.0
    failure_horizon_seconds: float = 30.0
    utilisation_weight: float = 0.5
    queue_weight: float = 0.3
    strain_weight: float = 0.2
    quality_weight: float = 0.5
    sure_error_seconds: float = 0.02
    stale_seconds: float = 30.0
    unknown_service_seconds: float = 10.0


DEFAULT_RULES = ScoringRules()


Fixed = tuple[str | None, int, str, int, float, float, float, float, float, float]
"""What ranking reads of a candidate, in one piece: why it is excluded, its largest worker, name
and place, the predicted overhead, until when observations count and by how much a second they
pull, the penalty for failures, the load factor as reported, and the quality penalty."""


class Candidate:
    """One datacenter's facts with the parts of its score that facts alone decide.

    The wait for cores is `pile + seconds_per_core * wanted`, where that is more than nothing:
    the managers' own estimate less what is free, at the rate at which cores come free.
    """

    __slots__ = (
        "bucket",
        "capacity_at",
        "facts",
        "failed_at",
        "fixed",
        "load_per_core",
        "name",
        "pile",
        "predicted",
        "quality",
        "seconds_per_core",
    )

    def __init__(self, facts: DatacenterFacts, rules: ScoringRules = DEFAULT_RULES) -> None:
        self.facts = facts
        self.name = facts.name
        self.bucket = int(facts.bucket)
        self.predicted = predicted_overhead(facts, rules)
        self.quality = quality_penalty(facts, rules)
        self.failed_at = facts.failed_at
        self.capacity_at = facts.capacity_at
        load, self.load_per_core = load_factor(facts, rules)
        horizon = rules.confidence_horizon_seconds
        slope = 0.0
        if facts.overhead_seconds is not None:
            slope = facts.confidence * (facts.overhead_seconds - self.predicted) / horizon
        self.pile = self.seconds_per_core = 0.0
        if facts.capacity_at is not None:
            self.seconds_per_core = 1.0 / release_rate(facts, rules)
            self.pile = facts.wait_seconds - facts.free_cores * self.seconds_per_core
        self.fixed: Fixed = (
            exclusion(facts),
            facts.largest_worker,
            facts.name,
            OPEN * TIER + self.bucket * BUCKET,
            self.predicted,
            facts.observed_at + horizon,
            slope,
            facts.failure_seconds,
            load,
            self.quality,
        )

    @property
    def exclusion(self) -> str | None:
        """Why no job may go there at all, or None."""
        return self.fixed[0]

    @property
    def largest_worker(self) -> int:
        """Most cores that one worker has; 0 for unknown."""
        return self.facts.largest_worker


def exclusion(facts: DatacenterFacts) -> str | None:
    """Why no job may go there at all, or None. Only what is known can exclude."""
    if facts.bucket is Bucket.UNHEALTHY:
        return f"unhealthy: {facts.condition}" if facts.condition else "unhealthy"
    if facts.draining:
        return "draining"
    if facts.managers is not None and facts.managers <= 0:
        return "no live manager"
    if facts.circuit is Circuit.OPEN:
        return "circuit open"
    return None


def predicted_overhead(facts: DatacenterFacts, rules: ScoringRules) -> float:
    """Upper confidence bound in seconds, by coordinates, of what sending a job costs."""
    if facts.rtt_seconds is None:
        rtt = rules.default_rtt_seconds
        error = rules.default_error_seconds
    else:
        rtt, error = facts.rtt_seconds, facts.rtt_error_seconds
    return rules.round_trips * (rtt + rules.error_weight * error)


def quality_penalty(facts: DatacenterFacts, rules: ScoringRules) -> float:
    """1 for an exact coordinate and kept service levels, more for less of either."""
    quality = 0.0
    if facts.rtt_seconds is not None:
        sure = rules.sure_error_seconds
        quality = sure / (sure + facts.rtt_error_seconds)
    return (1.0 + rules.quality_weight * (1.0 - quality)) * max(1.0, facts.slo_factor)


def load_factor(facts: DatacenterFacts, rules: ScoringRules) -> tuple[float, float]:
    """The load factor as reported, and what each further core in use adds to it."""
    total = facts.total_cores
    if facts.capacity_at is None or total <= 0:
        return 1.0 + 0.5 * rules.utilisation_weight + _strain(facts, rules), 0.0
    used = min(1.0, max(0.0, 1.0 - facts.free_cores / total))
    queue = facts.queued / (facts.queued + total)
    load = 1.0 + rules.utilisation_weight * used + rules.queue_weight * queue
    return load + _strain(facts, rules), rules.utilisation_weight / total


def release_rate(facts: DatacenterFacts, rules: ScoringRules) -> float:
    """Cores that come free each second once all are in use, never 0.

    By Little's law work holds its cores for (cores in use / cores given out each second), if
    the managers tell the latter; else for as long as results say.
    """
    total = max(1, facts.total_cores)
    used = facts.total_cores - facts.free_cores
    if facts.dispatch_rate > 0.0 and used > 0:
        return facts.dispatch_rate * total / used
    return total / (facts.service_seconds or rules.unknown_service_seconds)


def _strain(facts: DatacenterFacts, rules: ScoringRules) -> float:
    probing = 1.0 if facts.circuit is Circuit.HALF_OPEN else 0.0
    return rules.strain_weight * max(probing, min(1.0, max(0.0, facts.pressure)))
