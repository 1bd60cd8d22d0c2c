"""Client and gate: submitting a job and following it; gate to gate for forwarding."""

from __future__ import annotations

from .base import Message
from .job import Job
from .results import WorkflowResult


class SubmitJob(Message, frozen=True):
    """Accept this job, durably. The same key with the same digest is the same job.

    `again` marks a repeat by a client that had no answer; `watch` asks for the job's updates
    on this connection, as `WatchJob` would. `trace` is the `traceparent` it belongs to.
    """

    job_id: str
    key: str
    digest: bytes
    job: Job
    hops: int = 0
    visited: tuple[str, ...] = ()
    again: bool = False
    watch: bool = False
    trace: str = ""


class JobAccepted(Message, frozen=True):
    """The job is in the ledger."""

    job_id: str
    owner: str
    owner_address: str
    epoch: int
    duplicate: bool = False


class WatchJob(Message, frozen=True):
    """Push updates of this job on this connection, those after `after_sequence` first."""

    job_id: str
    after_sequence: int = 0


class WatchStarted(Message, frozen=True):
    """Updates follow, up to date as of `sequence`."""

    job_id: str
    state: str
    sequence: int


class UnwatchJob(Message, frozen=True):
    """Stop pushing."""

    job_id: str


class DatacenterProgress(Message, frozen=True):
    """How one datacenter stands with one job.

    Latencies are seconds from merged sketches; `rate` is reports per second over the
    newest closed window.
    """

    datacenter: str
    state: str
    done: int
    failed: int
    running: int
    total: int
    reports: int = 0
    rate: float = 0.0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class JobUpdate(Message, frozen=True):
    """One step of a job's story.

    `kind` is one of `state`, `workflow`, `progress`, `retry`, `worker_lost`, `routed`,
    `takeover`, `log`; only the fields that fit the kind are set. Steps that are in the ledger
    have sequences that rise by one. `progress`, `log` and a `workflow` that has not ended
    repeat the last sequence: they may be coalesced or lost.
    """

    sequence: int
    kind: str
    elapsed_seconds: float
    state: str = ""
    workflow: str = ""
    datacenter: str = ""
    worker: str = ""
    attempt: int = 0
    reason: str = ""
    done: int = 0
    total: int = 0
    datacenters: tuple[DatacenterProgress, ...] = ()
    running: tuple[tuple[str, int, int, int], ...] = ()
    """With `progress`: (workflow, attempt, done, total) of those that report, bounded."""


class JobUpdates(Message, frozen=True):
    """A batch of updates for a watched job; sent with no reply."""

    job_id: str
    updates: tuple[JobUpdate, ...]


class FetchResult(Message, frozen=True):
    """The job's final result, or where it stands."""

    job_id: str


class JobResult(Message, frozen=True):
    """The final answer about a job.

    `missing` lists what was asked for and did not run, with the reason.
    """

    job_id: str
    name: str
    state: str
    reason: str
    elapsed_seconds: float
    workflows: tuple[WorkflowResult, ...]
    missing: tuple[tuple[str, str], ...] = ()
    datacenters: tuple[DatacenterProgress, ...] = ()
    more: int = 0
    """Results beyond those in `workflows`: too many for one message, to be fetched."""


class JobPending(Message, frozen=True):
    """The job has not ended."""

    job_id: str
    state: str


class ShowJob(Message, frozen=True):
    """Where the job and each of its workflows stand. `job_id` may be a unique prefix."""

    job_id: str


class WorkflowView(Message, frozen=True):
    """One workflow as the gate sees it."""

    name: str
    state: str
    datacenter: str = ""
    worker: str = ""
    attempt: int = 0
    done: int = 0
    total: int = 0
    reason: str = ""
    after: tuple[str, ...] = ()
    run_seconds: float = 0.0
    taken_seconds: float = 0.0
    """Of the job's own time when its gate took the final result; 0 before."""
    sketch: bytes = b""
    """Latencies that the final attempt reported."""


class JobView(Message, frozen=True):
    """One job as the gate sees it. `age_seconds` counts from acceptance."""

    job_id: str
    name: str
    state: str
    owner: str
    epoch: int
    age_seconds: float
    reason: str = ""
    workflows: tuple[WorkflowView, ...] = ()
    datacenters: tuple[DatacenterProgress, ...] = ()
    meta: dict[str, str] = {}
    elapsed_seconds: float | None = None
    """From acceptance to the end; None while it is open."""


class ListJobs(Message, frozen=True):
    """Jobs newest first; `states` and `name` filter, empty means all."""

    states: tuple[str, ...] = ()
    name: str = ""
    limit: int = 100
    before: str = ""


class JobList(Message, frozen=True):
    """Without their workflows."""

    jobs: tuple[JobView, ...]


class JobHistory(Message, frozen=True):
    """The ledger's events of a job after a sequence."""

    job_id: str
    after_sequence: int = 0
    limit: int = 1000


class JobEvent(Message, frozen=True):
    """One row of the ledger's event table. `wall` is for people."""

    sequence: int
    kind: str
    wall: float
    detail: dict[str, object]


class JobEvents(Message, frozen=True):
    """Events in sequence."""

    job_id: str
    events: tuple[JobEvent, ...]


class ExplainJob(Message, frozen=True):
    """Every routing decision of a job with candidates, factors and reasons."""

    job_id: str


class PlanJob(Message, frozen=True):
    """Where the job would go now and why; nothing is stored."""

    job: Job


class Explanation(Message, frozen=True):
    """Routing decisions as plain data, oldest first."""

    decisions: tuple[dict[str, object], ...]


class FetchLogs(Message, frozen=True):
    """Captured output of a job's workflows; "" for all of them."""

    job_id: str
    workflow: str = ""
    after_line: int = 0


class LogLine(Message, frozen=True):
    """One captured line, cut at the worker's limit."""

    workflow: str
    attempt: int
    stream: str
    text: str


class JobLogs(Message, frozen=True):
    """Captured lines; `dropped` were over the bound."""

    job_id: str
    lines: tuple[LogLine, ...]
    next_line: int = 0
    dropped: int = 0
