"""All that a manager keeps about one job of its datacenter."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable

from distributed.jobs.fairness import JobLine
from distributed.jobs.fence import fence
from distributed.jobs.graph import DependencyGraph
from distributed.jobs.log_queue import LogQueue
from distributed.jobs.outbox import Outbox
from distributed.messages.dispatch import StartJob
from distributed.messages.job import Job, Workflow
from distributed.messages.progress import AttemptProgress, WorkflowChange
from distributed.messages.results import WorkflowResult
from distributed.reliability.budget import RestartBudget
from distributed.stats.progress import JobProgressMerge
from distributed.stats.sketch import LatencySketch
from distributed.stats.windows import JobWindows, Window
from distributed.supervision import JobScope
from distributed.telemetry.tracing import NO_SPAN
from distributed.types import WorkflowState


class Entry:
    """One workflow of a job as this datacenter runs it.

    Attributes:
        attempt: the newest attempt that was started, 0 before any.
        dispatch_id: of the attempt that is out, "" while none is.
        worker: name of the worker that has or last had it.
        began_seconds: when in the job its present attempt began, None before its first report.
        deaths: workers that died while they ran it.
        ready_since: clock seconds since when it waits for cores.
    """

    __slots__ = (
        "attempt",
        "began_seconds",
        "deaths",
        "dispatch_id",
        "index",
        "ready_since",
        "state",
        "worker",
        "workflow",
    )

    def __init__(self, index: int, workflow: Workflow, attempt: int) -> None:
        self.index = index
        self.workflow = workflow
        self.attempt = attempt
        self.state = WorkflowState.PENDING
        self.dispatch_id = ""
        self.worker = ""
        self.deaths = 0
        self.began_seconds: float | None = None
        self.ready_since = 0.0


class JobRecord:
    """A job here; dropping it forgets the job.

    Attributes:
        epoch: the owner gate's fence token, `manager_epoch` this appointment's.
        entries: the workflows that run in this datacenter, by name.
        left: entries without a final state.
        inputs: results that dependants still need, by workflow.
        outbox: results that the gate has not recorded.
        workers: names of workers that were given something of this job.
        ends: how many ended in each state; `running` how many run now.
        ordered: names whose end was ordered, and the state they are to end in.
        changes: newest state of each workflow since the last progress message, and each loss.
        news: newest progress of each attempt since then.
        moved: set when another gate, or a newer epoch of it, commands the job.
        finished_told: whether the gate heard that nothing is left.
        windows: statistics by the job's own time, `rate` that of the newest closed one.
        rebuilding: whether reports of workers are waited for, and nothing may start.
        taken_over: whether another manager had it before, so that workers must be told.
        unheard: workers whose report is (or stayed) out, so that they may hold anything of it.
        answered_at: clock seconds at which the question was asked that its gate answered last.
        asking: whether the gate is being asked if this manager still has the job.
        adrift: attempts given up without their worker's word, by workflow and number, with the
            worker that may still run them.
        rebuilt: set once reports are waited for no more.
        span: the job's time in this datacenter, until it is forgotten here.
    """

    __slots__ = (
        "adrift",
        "answered_at",
        "asking",
        "budget",
        "changes",
        "closing",
        "deadline",
        "delivering",
        "dirty",
        "ends",
        "entries",
        "epoch",
        "finished_told",
        "gate",
        "gate_address",
        "gone_since",
        "graph",
        "inputs",
        "job",
        "job_id",
        "latency",
        "left",
        "line",
        "logs",
        "manager_epoch",
        "moved",
        "news",
        "ordered",
        "outbox",
        "progress",
        "rate",
        "rebuilding",
        "rebuilt",
        "reports",
        "running",
        "scope",
        "sequence",
        "span",
        "started_at",
        "taken_over",
        "unheard",
        "windows",
        "workers",
    )

    def __init__(
        self, message: StartJob, scope: JobScope, now: float, *, resend: float, restarts: int
    ) -> None:
        job = message.job
        self.job_id = message.job_id
        self.job: Job = job
        self.scope = scope
        self.span = NO_SPAN
        self.epoch = message.epoch
        self.manager_epoch = message.manager_epoch
        self.gate = message.gate
        self.gate_address = message.gate_address
        self.started_at = now
        left = message.remaining_seconds
        self.deadline = None if left is None else now + left
        self.entries: dict[str, Entry] = {}
        self.graph = DependencyGraph(job.workflows, only=message.workflows or None)
        self.line = JobLine(self, exclusive=job.exclusive)
        allowed = job.retry_budget if job.retry_budget is not None else restarts
        self.budget = RestartBudget(
            job=max(0, allowed - sum(message.attempts.values())),
            workflow_attempts={
                w.name: max(1, w.attempts - message.attempts.get(w.name, 0)) for w in job.workflows
            },
        )
        self.left = 0
        self.inputs: dict[str, WorkflowResult] = {}
        self.outbox = Outbox(resend)
        self.logs = LogQueue()
        self.workers: set[str] = set()
        self.ordered: dict[str, WorkflowState] = {}
        self.changes: dict[tuple[str, int], WorkflowChange] = {}
        self.news: dict[tuple[str, int], AttemptProgress] = {}
        self.progress = JobProgressMerge(frozenset(w.name for w in job.workflows))
        self.latency = LatencySketch()
        self.reports = 0
        self.windows = JobWindows()
        self.rate: float | None = None
        self.ends: dict[WorkflowState, int] = {}
        self.running = 0
        self.sequence = 0
        self.dirty = False
        self.delivering = False
        self.moved = asyncio.Event()
        self.finished_told = False
        self.closing = False
        self.rebuilding = False
        self.taken_over = False
        self.unheard: set[str] = set()
        self.adrift: dict[tuple[str, int], str] = {}
        self.answered_at = now
        self.asking = False
        self.rebuilt = asyncio.Event()
        self.gone_since: float | None = None
        self.admit(message.workflows, message.attempts)

    @property
    def fence(self) -> int:
        """What this manager's commands for the job carry."""
        return fence(self.epoch, self.manager_epoch)

    def admit(self, names: Iterable[str], attempts: dict[str, int]) -> list[Entry]:
        """Take on workflows by name (none named means all); those that are new here."""
        wanted = frozenset(names)
        added = []
        for index, workflow in enumerate(self.job.workflows):
            if (wanted and workflow.name not in wanted) or workflow.name in self.entries:
                continue
            entry = Entry(index, workflow, attempts.get(workflow.name, 0))
            self.entries[workflow.name] = entry
            self.left += 1
            added.append(entry)
        return added

    def widen(self) -> None:
        """More workflows run here now: wait for their dependencies too."""
        only = frozenset(self.entries) if len(self.entries) < len(self.job.workflows) else None
        graph = DependencyGraph(self.job.workflows, only=only)
        for workflow in self.job.workflows:
            name = workflow.name
            # A value that is here no more is waited for again: the gate brings it.
            if not self.graph.is_open(name) and (name in self.inputs or not graph.wanted(name)):
                graph.complete(name)
        self.graph = graph

    def dispatch_id(self, entry: Entry) -> str:
        """The id of the entry's current attempt, unique over managers and restarts."""
        return f"{self.job_id}:{entry.index}:{entry.attempt}:{self.fence:x}"

    async def pause(self, seconds: float) -> None:
        """Wait `seconds`, less where another gate takes the job over meanwhile."""
        self.moved.clear()
        try:
            async with asyncio.timeout(seconds):
                await self.moved.wait()
        except TimeoutError:
            return

    def unsure_of(self, name: str) -> bool:
        """Whether an attempt of this workflow may still run where nobody hears of it."""
        return any(workflow == name for workflow, _ in self.adrift)

    def ashore(self, worker: str, running: Collection[tuple[str, int]] = ()) -> None:
        """`worker` holds nothing of this job but `running`: what was adrift there is over."""
        over = [
            attempt
            for attempt, where in self.adrift.items()
            if where == worker and attempt not in running
        ]
        for attempt in over:
            del self.adrift[attempt]

    def close_windows(self, windows: list[Window]) -> None:
        """Windows have closed: the newest one's rate holds."""
        if windows:
            self.rate = windows[-1].rate("reports")

    def moved_on(self, source: WorkflowState, target: WorkflowState) -> None:
        """Keep count: a workflow went from one state to another."""
        if source is WorkflowState.RUNNING:
            self.running -= 1
        if target is WorkflowState.RUNNING:
            self.running += 1
        elif target.final:
            self.ends[target] = self.ends.get(target, 0) + 1

    def ended(self, state: WorkflowState) -> int:
        """How many ended in a state."""
        return self.ends.get(state, 0)
