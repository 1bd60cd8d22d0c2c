"""Cancellation on its way down, and the answer on its way up."""

from __future__ import annotations

from .base import Message


class CancelJob(Message, frozen=True):
    """Client to gate: cancel the job, or one workflow and what depends on it."""

    job_id: str
    workflow: str = ""
    reason: str = ""
    hops: int = 0


class CancelInDatacenter(Message, frozen=True):
    """Gate to manager; `workflows` empty means all."""

    job_id: str
    epoch: int
    workflows: tuple[str, ...] = ()
    reason: str = ""
    grace_seconds: float = 5.0


class CancelAttempts(Message, frozen=True):
    """Manager to worker: stop cooperatively, by force after the grace."""

    job_id: str
    epoch: int
    dispatch_ids: tuple[str, ...]
    reason: str = ""
    grace_seconds: float = 5.0


class CancelOutcome(Message, frozen=True):
    """What became of each workflow: cancelled, finished or unreachable."""

    job_id: str
    outcomes: tuple[tuple[str, str], ...]


class ExtendTimeout(Message, frozen=True):
    """Worker to manager to gate: proven progress asks for more time."""

    job_id: str
    workflow: str
    attempt: int
    done: int
    reason: str = ""


class TimeoutExtended(Message, frozen=True):
    """Granted seconds (zero where refused, with the reason)."""

    granted_seconds: float
    remaining_grants: int
    reason: str = ""
