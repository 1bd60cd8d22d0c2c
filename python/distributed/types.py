"""Names for ids and the small closed sets that cross every room."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

Address = NewType("Address", str)
"""`host:port`, IPv6 hosts in brackets."""


class Role(StrEnum):
    """What a process of ours is."""

    CLIENT = "client"
    GATE = "gate"
    MANAGER = "manager"
    WORKER = "worker"
    MEMBER = "member"


class JobState(StrEnum):
    """Where a job is; the edges stand in `distributed.jobs.states`."""

    SUBMITTED = "submitted"
    ROUTED = "routed"
    DISPATCHED = "dispatched"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self in _FINAL_JOB_STATES


class WorkflowState(StrEnum):
    """Where one workflow is; the edges stand in `distributed.jobs.states`."""

    PENDING = "pending"
    READY = "ready"
    ASSIGNED = "assigned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Whether this attempt chain has ended (lost goes back to ready)."""
        return self in _FINAL_WORKFLOW_STATES


_FINAL_JOB_STATES = frozenset(
    {JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED, JobState.TIMED_OUT}
)
_FINAL_WORKFLOW_STATES = frozenset(
    {
        WorkflowState.COMPLETED,
        WorkflowState.FAILED,
        WorkflowState.CANCELLED,
        WorkflowState.TIMED_OUT,
    }
)
