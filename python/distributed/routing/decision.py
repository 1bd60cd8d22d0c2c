"""A routing decision as a value that can explain itself."""

from __future__ import annotations

import msgspec

from distributed.health.bucket import Bucket

from .candidate import BOUND, FAILED, Candidate
from .ranking import Excluded, Row, Scored
from .wait import Waits


class CandidateView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One candidate as the explanation shows it. Times are seconds, factors plain ratios."""

    name: str
    verdict: str
    reason: str
    bucket: str
    score: float | None = None
    predicted_seconds: float | None = None
    observed_seconds: float | None = None
    confidence: float | None = None
    failure_seconds: float | None = None
    latency_seconds: float | None = None
    load: float | None = None
    quality: float | None = None
    cooldown: float | None = None
    wait_seconds: float | None = None
    free_cores: int | None = None
    total_cores: int | None = None
    capacity_age_seconds: float | None = None


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it is recorded in the job's events."""

    primaries: tuple[str, ...]
    fallbacks: tuple[str, ...]
    reason: str
    notes: tuple[str, ...]
    candidates: tuple[CandidateView, ...]


class Decision:
    """Where the job goes first, where next, and why.

    Order and explanation are worked out when somebody asks: they are functions of the facts
    the decision was made from, which never change.

    Attributes:
        primaries: datacenters to send to, best first; fewer than asked for when fewer can.
        reason: one sentence.
        notes: what hysteresis and spillover did.
    """

    __slots__ = ("_excluded", "_now", "_order", "_rows", "_waits", "notes", "primaries", "reason")

    def __init__(
        self,
        primaries: tuple[str, ...],
        rows: list[Row],
        excluded: Excluded,
        waits: Waits,
        reason: str,
        notes: tuple[str, ...],
        now: float,
    ) -> None:
        self.primaries = primaries
        self.reason = reason
        self.notes = notes
        self._rows = rows
        self._order: list[Scored] | None = None
        self._excluded = excluded
        self._now = now
        self._waits = waits

    @property
    def placed(self) -> bool:
        """Whether any datacenter can take the job."""
        return bool(self.primaries)

    @property
    def excluded(self) -> tuple[tuple[str, str], ...]:
        """Datacenters that cannot be used, each with the reason."""
        return tuple((candidate.name, reason) for candidate, reason in self._excluded)

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """What to try next, in order."""
        return tuple([s.name for s in self._ranked if s.name not in self.primaries])

    def wait_seconds(self, datacenter: str) -> float:
        """The expected wait for cores there, as decided upon; 0 for one not ranked."""
        for row in self._rows:
            if row[2] == datacenter:
                return self._waits.of(row[-1])
        return 0.0

    @property
    def _ranked(self) -> list[Scored]:
        if self._order is None:
            self._order = [Scored._make(row) for row in sorted(self._rows)]
        return self._order

    def explain(self) -> DecisionView:
        """Every candidate with its factors and why it won or lost."""
        views = [self._ranked_view(item) for item in self._ranked]
        views += [_excluded_view(candidate, reason) for candidate, reason in self._excluded]
        return DecisionView(
            primaries=self.primaries,
            fallbacks=self.fallbacks,
            reason=self.reason,
            notes=self.notes,
            candidates=tuple(views),
        )

    def _ranked_view(self, item: Scored) -> CandidateView:
        facts = item.candidate.facts
        chosen = item.name in self.primaries
        return CandidateView(
            name=item.name,
            verdict="primary" if chosen else "fallback",
            reason="chosen" if chosen else self._why_lost(item),
            bucket=facts.bucket.label,
            score=item.score,
            predicted_seconds=item.candidate.predicted,
            observed_seconds=facts.overhead_seconds,
            confidence=facts.confidence if facts.overhead_seconds is not None else None,
            failure_seconds=facts.failure_seconds or None,
            latency_seconds=item.latency,
            load=item.load,
            quality=item.candidate.quality,
            cooldown=item.cooldown,
            wait_seconds=self._waits.of(item.candidate),
            free_cores=facts.free_cores if facts.capacity_at is not None else None,
            total_cores=facts.total_cores if facts.capacity_at is not None else None,
            capacity_age_seconds=self._capacity_age(item),
        )

    def _capacity_age(self, item: Scored) -> float | None:
        reported = item.candidate.capacity_at
        return None if reported is None else round(max(0.0, self._now - reported), 3)

    def _why_lost(self, item: Scored) -> str:
        winner = next((other for other in self._ranked if other.name in self.primaries), None)
        if winner is None:
            return "nothing was chosen"
        if item.tier > winner.tier == BOUND:
            return "the job is bound to others"
        if item.tier == FAILED and winner.tier != FAILED:
            return "already failed this job"
        if item.bucket > winner.bucket:
            why = item.candidate.facts.condition
            order = f"{Bucket(item.bucket).label} comes after {Bucket(winner.bucket).label}"
            return f"{order}: {why}" if why else order
        if item.unpreferred and not winner.unpreferred:
            return "not among the datacenters that the job prefers"
        wait = self._waits.of(item.candidate)
        if wait > self._waits.of(winner.candidate) and item.score < winner.score:
            return f"would wait {wait:.1f} s for cores"
        if item.score < winner.score:
            return f"better, but by too little to leave {winner.name}, which is in use"
        ours, theirs = f"{item.score:.3g}", f"{winner.score:.3g}"
        return "scores the same" if ours == theirs else f"scores {ours} against {theirs}"


def _excluded_view(candidate: Candidate, reason: str) -> CandidateView:
    facts = candidate.facts
    return CandidateView(
        name=facts.name, verdict="excluded", reason=reason, bucket=facts.bucket.label
    )
