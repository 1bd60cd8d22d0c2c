"""Progress and statistics: cumulative for an attempt, merged by maximum on the way."""

from __future__ import annotations

from .base import Message
from .submission import DatacenterProgress


class AttemptProgress(Message, frozen=True):
    """Where one attempt stands; older sequences are dropped by receivers.

    `counters` only rise within an attempt; `sketch` holds all its reported latencies so
    far; `elapsed_seconds` is the attempt's own time.
    """

    workflow: str
    attempt: int
    sequence: int
    elapsed_seconds: float
    done: int = 0
    total: int = 0
    counters: dict[str, float] = {}
    sketch: bytes = b""
    worker: str = ""


class WorkerProgress(Message, frozen=True):
    """Worker to manager, no reply."""

    job_id: str
    entries: tuple[AttemptProgress, ...]


class WorkflowChange(Message, frozen=True):
    """A state change of one workflow, for the job's story."""

    workflow: str
    state: str
    attempt: int
    worker: str = ""
    reason: str = ""


class JobProgress(Message, frozen=True):
    """Manager to gate, no reply: `sequence` rises for each manager epoch."""

    job_id: str
    datacenter: str
    manager_epoch: int
    sequence: int
    totals: DatacenterProgress
    entries: tuple[AttemptProgress, ...] = ()
    changes: tuple[WorkflowChange, ...] = ()


class WorkerLog(Message, frozen=True):
    """Worker to manager to gate, no reply: captured output lines."""

    job_id: str
    workflow: str
    attempt: int
    stream: str
    lines: tuple[str, ...]
    dropped: int = 0


class Pressure(Message, frozen=True):
    """Receiver to sender, no reply: slow down (or speed up again).

    `level` is none, throttle, batch or reject; control messages are never affected.
    """

    level: str
    interval_seconds: float = 0.0
