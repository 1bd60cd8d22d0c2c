"""Facts and candidates for tables of examples: one healthy, half idle datacenter, varied."""

from __future__ import annotations

from typing import Any

from distributed.routing.candidate import Candidate
from distributed.routing.facts import DatacenterFacts


def facts(name: str, rtt: float | None = 0.05, **changes: Any) -> DatacenterFacts:
    """A healthy datacenter with 16 of 32 cores free, reported at instant 0."""
    fields: dict[str, Any] = {
        "managers": 2,
        "free_cores": 16,
        "total_cores": 32,
        "capacity_at": 0.0,
        "dispatch_rate": 4.0,
        "rtt_seconds": rtt,
        "rtt_error_seconds": 0.0,
    }
    return DatacenterFacts(name=name, **(fields | changes))


def candidate(name: str, rtt: float | None = 0.05, **changes: Any) -> Candidate:
    """The same, prepared for scoring."""
    return Candidate(facts(name, rtt, **changes))
