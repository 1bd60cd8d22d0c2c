"""Results on their way: worker to manager to gate to ledger."""

from __future__ import annotations

from .base import Message


class WorkflowResult(Message, frozen=True):
    """How one attempt of a workflow ended.

    `value` is the encoded return value (msgspec JSON-compatible data as msgpack), or empty
    with `reference` naming one that is stored with the job (`jobs.values`). `counters` and
    `sketch` are the attempt's final statistics. Idempotent on (job, workflow, datacenter, attempt).
    """

    workflow: str
    attempt: int
    state: str
    value: bytes = b""
    error: str = ""
    traceback: str = ""
    datacenter: str = ""
    worker: str = ""
    run_seconds: float = 0.0
    reference: str = ""
    sketch: bytes = b""
    reports: int = 0
    counters: dict[str, float] = {}
    taken_seconds: float = 0.0
    """Of the job's own time when its gate took the result, which sets it; 0 before."""
    unconfirmed: bool = False
    """A manager's verdict without its worker's word: an attempt may run on, unheard."""


class WorkerResults(Message, frozen=True):
    """Worker to manager: ended attempts of one job, kept until acknowledged."""

    job_id: str
    epoch: int
    results: tuple[WorkflowResult, ...]


class DatacenterResults(Message, frozen=True):
    """Manager to gate: ended workflows of one job, kept until acknowledged."""

    job_id: str
    datacenter: str
    epoch: int
    results: tuple[WorkflowResult, ...]


class ResultsRecorded(Message, frozen=True):
    """These (workflow, attempt) pairs are in the ledger and need not be sent again.

    The reply to results, and again, without a reply, for those that became durable later.
    `superseded` tells a manager that another one has its part of the job now.
    """

    job_id: str
    recorded: tuple[tuple[str, int], ...]
    superseded: bool = False


class DatacenterFinished(Message, frozen=True):
    """Manager to gate: nothing of the job is left to run in this datacenter."""

    job_id: str
    datacenter: str
    epoch: int
    state: str
    reason: str = ""
