"""Progress of one job: cumulative counters for each attempt, merged by maximum.

An attempt's counters and sketch hold all that it did so far and a sequence orders its
reports, so a repeated, late or lost report changes nothing in the end. Totals sum over
attempts: what a lost attempt did was done, and a total never goes back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from distributed.messages.progress import AttemptProgress

from .sketch import LatencySketch

MAX_COUNTERS = 64
MAX_ATTEMPTS = 32


class Verdict(StrEnum):
    """What became of a report."""

    MERGED = "merged"
    STALE = "stale"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    OVER_LIMIT = "over_limit"
    MALFORMED = "malformed"


class Merge(NamedTuple):
    """The verdict, how many reports of this attempt never came, and what was added.

    `added` and `latency` are the difference to the last merged report: what windows count.
    """

    verdict: Verdict
    missed: int = 0
    added: Mapping[str, float] = {}
    latency: LatencySketch | None = None


class Attempt:
    """The newest state of one attempt of one workflow from one source."""

    __slots__ = ("counters", "done", "elapsed_seconds", "sequence", "sketch", "total", "worker")

    def __init__(self) -> None:
        self.sequence = 0
        self.elapsed_seconds = 0.0
        self.done = 0
        self.total = 0
        self.counters: dict[str, float] = {}
        self.sketch = LatencySketch()
        self.worker = ""

    def merge(self, report: AttemptProgress) -> Merge:
        """Take a report in, or say why not; a refused one leaves the attempt as it was."""
        if report.sequence <= self.sequence:
            return Merge(Verdict.STALE)
        if len(self.counters.keys() | report.counters.keys()) > MAX_COUNTERS:
            return Merge(Verdict.OVER_LIMIT)
        latency: LatencySketch | None = None
        if report.sketch:
            try:
                newer = LatencySketch.from_bytes(report.sketch)
            except ValueError:
                return Merge(Verdict.MALFORMED)
            if newer.count > self.sketch.count:
                latency = newer.since(self.sketch)
                self.sketch = newer
        missed = report.sequence - self.sequence - 1
        self.sequence = report.sequence
        self.worker = report.worker or self.worker
        self.elapsed_seconds = max(self.elapsed_seconds, report.elapsed_seconds)
        added = self._raise_counters(report)
        return Merge(Verdict.MERGED, missed, added, latency)

    def _raise_counters(self, report: AttemptProgress) -> dict[str, float]:
        added = {}
        for name, value in report.counters.items():
            before = self.counters.get(name, 0.0)
            if value > before:
                self.counters[name] = value
                added[name] = value - before
        if report.done > self.done:
            added["done"] = added.get("done", 0.0) + report.done - self.done
            self.done = report.done
        self.total = max(self.total, report.total)
        return added


class JobProgressMerge:
    """Merged progress of one job; hangs off the job's record and is dropped with it.

    Args:
        workflows: the names that exist; a report about another is refused and kept nowhere.
        max_attempts: attempts remembered for a workflow of a source, an upper bound against
            a peer that invents them.
    """

    def __init__(self, workflows: frozenset[str], *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._workflows = workflows
        self._max_attempts = max_attempts
        self._attempts: dict[tuple[str, str], dict[int, Attempt]] = {}
        self._closed: set[tuple[str, str]] = set()

    def accept(self, report: AttemptProgress, source: str = "") -> Merge:
        """Merge a report of `source` (a datacenter, or "" inside one)."""
        if report.workflow not in self._workflows:
            return Merge(Verdict.UNKNOWN)
        key = (source, report.workflow)
        if key in self._closed:
            return Merge(Verdict.CLOSED)
        attempts = self._attempts.setdefault(key, {})
        attempt = attempts.get(report.attempt)
        if attempt is None:
            if len(attempts) >= self._max_attempts:
                return Merge(Verdict.OVER_LIMIT)
            if attempts and report.attempt < max(attempts):
                return Merge(Verdict.STALE)
            attempt = attempts[report.attempt] = Attempt()
        return attempt.merge(report)

    def close(self, workflow: str, source: str = "") -> None:
        """The workflow's final is recorded: later reports about it change nothing."""
        if workflow in self._workflows:
            self._closed.add((source, workflow))

    def current(self, workflow: str, source: str = "") -> Attempt | None:
        """The newest attempt, or None before any report."""
        attempts = self._attempts.get((source, workflow))
        return attempts[max(attempts)] if attempts else None

    def totals(self, source: str | None = None) -> dict[str, float]:
        """Counters summed over workflows and attempts, of one source or of all."""
        totals: dict[str, float] = {}
        for attempt in self._of(source):
            for name, value in attempt.counters.items():
                totals[name] = totals.get(name, 0.0) + value
        return totals

    def latency(self, source: str | None = None) -> LatencySketch:
        """Every reported latency in one sketch."""
        total = LatencySketch()
        for attempt in self._of(source):
            if attempt.sketch.count:
                total.merge(attempt.sketch.to_bytes())
        return total

    def fraction(self) -> float:
        """Share of the announced work that is done, 0 to 1, over newest attempts."""
        done = total = 0
        for key, attempts in self._attempts.items():
            attempt = attempts[max(attempts)]
            full = max(attempt.total, attempt.done)
            done += full if key in self._closed else attempt.done
            total += full
        return done / total if total else 0.0

    def _of(self, source: str | None) -> Iterator[Attempt]:
        for (reporter, _), attempts in self._attempts.items():
            if source is None or reporter == source:
                yield from attempts.values()
