"""All that a gate knows of one open job: ending the job is dropping this object."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from distributed.jobs.graph import DependencyGraph
from distributed.jobs.outcome import COMPLETED, better
from distributed.jobs.states import JOB_EDGES, Story
from distributed.jobs.values import by_reference
from distributed.ledger.interface import Event, Placed, ResultRow, WorkflowRow
from distributed.messages.job import Job
from distributed.messages.progress import AttemptProgress, WorkflowChange
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import DatacenterProgress, JobUpdate, LogLine
from distributed.telemetry.tracing import NO_SPAN
from distributed.types import Address, JobState

if TYPE_CHECKING:
    import asyncio

    from distributed.routing.knowledge import Dispatch
    from distributed.supervision import JobScope

    from .watching import Watch

SPENT = "spent"
"""State of a ledger's row that counts a workflow's used attempts; its reason is where."""
TAIL_UPDATES = 6
"""Recent updates kept for a watcher that comes just after submitting."""


class DatacenterRun:
    """One datacenter's part of a job.

    `names` empty means every workflow. `left` counts those without a final result here,
    `recorded_done` and `recorded_failed` those whose result is durable.
    """

    __slots__ = (
        "address",
        "datacenter",
        "entries",
        "finished",
        "left",
        "manager",
        "manager_epoch",
        "names",
        "progress",
        "progress_epoch",
        "progress_sequence",
        "provided",
        "reason",
        "recorded_done",
        "recorded_failed",
        "route",
        "started",
        "states",
        "taken",
    )

    def __init__(self, datacenter: str, names: tuple[str, ...], left: int) -> None:
        self.datacenter = datacenter
        self.names = names
        self.left = left
        self.manager = ""
        self.address = Address("")
        self.manager_epoch = 0
        self.provided = 0
        self.recorded_done = 0
        self.recorded_failed = 0
        self.started = False
        self.taken = False
        self.finished = False
        self.reason = ""
        self.progress: DatacenterProgress | None = None
        self.progress_epoch = 0
        self.progress_sequence = 0
        self.entries: dict[str, AttemptProgress] | None = None
        self.states: dict[str, WorkflowChange] | None = None
        self.route: Dispatch | None = None

    @property
    def done(self) -> bool:
        """Nothing more will come from here."""
        return self.finished or self.left <= 0

    @property
    def told(self) -> DatacenterProgress | None:
        """Its progress as others may hear it: what its manager counts as ended may be lost
        with it and run again, what is recorded never is.
        """
        if self.progress is None:
            return None
        return msgspec.structs.replace(
            self.progress, done=self.recorded_done, failed=self.recorded_failed
        )

    def row(self, workflows: bytes) -> Placed:
        """As the ledger keeps it."""
        state = "finished" if self.done else "open"
        return Placed(self.datacenter, self.manager, self.manager_epoch, state, workflows)


class Pending:
    """Steps of a job that are not durable yet, in order; written together."""

    __slots__ = ("cancel_reason", "events", "placed", "results", "state", "updates", "workflows")

    def __init__(self) -> None:
        self.state = ""
        self.events: list[Event] = []
        self.results: list[ResultRow] = []
        self.placed: list[Placed] = []
        self.workflows: list[WorkflowRow] = []
        self.updates: list[JobUpdate] = []
        self.cancel_reason: str | None = None


class JobRecord:
    """One open job at its owner gate.

    Args:
        job_id: its id.
        job: what was asked for.
        epoch: this gate's fence token for it.
        accepted_at: local monotonic instant of acceptance.
        deadline_at: local monotonic instant at which it times out.
        state: where the ledger says it is.
        sequence: the last sequence of its story.

    Attributes:
        runs: its parts, by datacenter; with a part that moves, what the job waits for changes.
        tried: datacenters that a part left; none comes back to them.
        strayed: whether work may have gone out to a datacenter that is not among `runs`, and
            may run there: no word of another one confirms a cancellation. The ledger knows it
            by a dropped part, one without a name after a try that was not stored.
    """

    __slots__ = (
        "_graph",
        "_names",
        "accepted_at",
        "cancelling",
        "created",
        "deadline_at",
        "ending",
        "epoch",
        "extensions",
        "flushing",
        "former",
        "gaps",
        "held_bytes",
        "job",
        "job_id",
        "log_bytes",
        "logs",
        "logs_dropped",
        "logs_total",
        "ordered",
        "ordered_reason",
        "pending",
        "results",
        "runs",
        "scope",
        "sequence",
        "settled",
        "span",
        "spent",
        "stored",
        "stored_bytes",
        "story",
        "strayed",
        "tail",
        "timer",
        "tried",
        "watches",
        "withdrawn",
    )

    def __init__(
        self,
        job_id: str,
        job: Job,
        *,
        epoch: int,
        accepted_at: float,
        deadline_at: float,
        state: JobState = JobState.SUBMITTED,
        sequence: int = 1,
    ) -> None:
        self.job_id = job_id
        self.job = job
        self.span = NO_SPAN
        self.epoch = epoch
        self.accepted_at = accepted_at
        self.deadline_at = deadline_at
        self.story: Story[JobState] = Story(job_id, state, JOB_EDGES)
        self.sequence = sequence
        self.created = False
        self.ending = False
        self.runs: dict[str, DatacenterRun] = {}
        self.tried: tuple[str, ...] = ()
        self.strayed = False
        self.results: dict[tuple[str, str], WorkflowResult] = {}
        self.held_bytes = 0
        self.stored_bytes = 0
        self.stored: set[tuple[str, str, int]] | None = None
        self.cancelling: str | None = None
        self.withdrawn: dict[str, str] | None = None
        self.ordered: JobState | None = None
        self.ordered_reason = ""
        self.former: dict[Address, int] | None = None
        self.pending: Pending | None = None
        self.flushing: asyncio.Future[None] | None = None
        self.settled: asyncio.Future[None] | None = None
        self.scope: JobScope | None = None
        self.timer: int | None = None
        self.watches: list[Watch] | None = None
        self.tail: tuple[JobUpdate, ...] = ()
        self.logs: deque[LogLine] | None = None
        self.log_bytes = 0
        self.logs_dropped = 0
        self.logs_total = 0
        self.gaps: dict[str, str] | None = None
        self.extensions: dict[str, tuple[int, int]] | None = None
        self.spent: dict[tuple[str, str], int] | None = None
        self._graph: DependencyGraph | None = None
        self._names: dict[str, int] | None = None

    @property
    def state(self) -> JobState:
        """Where the job is."""
        return self.story.state

    @property
    def graph(self) -> DependencyGraph:
        """Dependencies, built when first needed, with everything known applied."""
        if self._graph is None:
            self._graph = DependencyGraph(self.job.workflows)
            for (name, _), result in self.results.items():
                if result.state == "completed":
                    self._graph.complete(name)
        return self._graph

    def has_workflow(self, name: str) -> bool:
        """Whether the job has a workflow of that name."""
        if len(self.job.workflows) <= 4:
            return any(workflow.name == name for workflow in self.job.workflows)
        if self._names is None:
            self._names = {w.name: i for i, w in enumerate(self.job.workflows)}
        return name in self._names

    def runs_here(self, run: DatacenterRun) -> tuple[str, ...]:
        """The names that a datacenter runs, spelt out."""
        return run.names or tuple(workflow.name for workflow in self.job.workflows)

    def part(self, datacenter: str, names: tuple[str, ...]) -> DatacenterRun:
        """A new part of it; what has its result from there already is not waited for."""
        run = DatacenterRun(datacenter, names, len(names) or len(self.job.workflows))
        if self.results:
            here = self.runs_here(run)
            run.left -= sum((name, datacenter) in self.results for name in here)
        return run

    def take(self, result: WorkflowResult, most_bytes: int) -> bool:
        """Hold a result; False where its workflow had a final result there already.

        Values beyond `most_bytes` are not held: their results name them.
        """
        key = (result.workflow, result.datacenter)
        held = self.results.get(key)
        if result.value and self.held_bytes + len(result.value) > most_bytes:
            result = by_reference(result)
        kept = self.results[key] = better(held, result)
        self.held_bytes += len(kept.value) - (len(held.value) if held is not None else 0)
        if held is not None:
            return False
        run = self.runs.get(result.datacenter)
        if run is not None:
            run.left -= 1
        return True

    def recorded(self, datacenter: str, state: str) -> None:
        """The ledger has a result of that datacenter."""
        run = self.runs.get(datacenter)
        if run is None:
            return
        if state == COMPLETED:
            run.recorded_done += 1
        else:
            run.recorded_failed += 1

    def room_for(self, key: tuple[str, str, int], size: int, most_bytes: int) -> bool:
        """Whether a large value of an attempt may be stored; it is counted once."""
        if self.stored is None:
            self.stored = set()
        if key not in self.stored:
            if self.stored_bytes + size > most_bytes:
                return False
            self.stored.add(key)
            self.stored_bytes += size
        return True

    def spend(self, workflow: str, datacenter: str, attempts: int) -> bool:
        """So many attempts of a workflow are known to be used up; False where that is no news."""
        key = (workflow, self._counted_in(datacenter))
        if attempts <= (self.spent or {}).get(key, 0):
            return False
        if self.spent is None:
            self.spent = {}
        self.spent[key] = attempts
        return True

    def attempts_spent(self, run: DatacenterRun) -> dict[str, int]:
        """What a manager that takes the part must count as used up, by workflow."""
        if self.spent is None:
            return {}
        here, counted = set(self.runs_here(run)), self._counted_in(run.datacenter)
        return {
            name: attempts
            for (name, where), attempts in self.spent.items()
            if name in here and where == counted
        }

    def _counted_in(self, datacenter: str) -> str:
        """Replicas count for themselves; a part that moves takes its count along."""
        return datacenter if self.job.placement.mode == "replicate" else ""

    def created_elsewhere(self, run: DatacenterRun) -> bool:
        """Whether a part had a manager before, whose workers may still run it."""
        return run.manager_epoch > 0 and any(
            result.datacenter == run.datacenter for result in self.results.values()
        )

    def succeeded(self, address: Address, manager_epoch: int) -> None:
        """Another manager takes over from the one at `address`, appointed so late at most."""
        if self.former is None:
            self.former = {}
        self.former[address] = manager_epoch

    def steps(self) -> Pending:
        """The steps that wait to be written, for adding to."""
        if self.pending is None:
            self.pending = Pending()
        return self.pending

    def remember(self, update: JobUpdate) -> None:
        """Keep an update for a watcher that is about to come."""
        self.tail = (*self.tail[-TAIL_UPDATES + 1 :], update)

    @property
    def done(self) -> bool:
        """Every datacenter that takes part has said all it will."""
        return bool(self.runs) and all(run.done for run in self.runs.values())
