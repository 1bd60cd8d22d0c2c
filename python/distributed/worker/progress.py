"""An attempt's progress as it travels."""

from __future__ import annotations

from distributed.messages.progress import AttemptProgress

from .record import AttemptRecord


def progress_of(attempt: AttemptRecord, worker: str, now: float) -> AttemptProgress:
    """Where the attempt stands, under the next sequence number."""
    attempt.sequence += 1
    assignment = attempt.assignment
    return AttemptProgress(
        assignment.workflow.name,
        assignment.attempt,
        attempt.sequence,
        now - (attempt.started_at or now),
        attempt.done,
        attempt.total,
        attempt.counters,
        attempt.sketch.to_bytes() if attempt.sketch else b"",
        worker,
    )
