"""All that a worker keeps about one job."""

from __future__ import annotations

import asyncio
from collections import deque

from distributed.jobs.log_queue import LogQueue
from distributed.jobs.outbox import Outbox
from distributed.messages.dispatch import Assignment, RunningWork
from distributed.stats.sketch import LatencySketch
from distributed.supervision import JobScope
from distributed.telemetry.tracing import NO_SPAN
from distributed.types import WorkflowState

CANCELLED_MEMORY = 1024


class AttemptRecord:
    """One dispatch from its acceptance to its end.

    Attributes:
        accepted_at: clock seconds of acceptance, from which the job's deadline counts.
        started_at: clock seconds of its start, None while it waits for cores.
        ended_by: why this worker ends it: "" or `timed_out`, `cancelled`, `orphaned`, `guard`.
        watchers: futures of those who wait for its end; set to its final state.
        done_at_grant: `done` when its timeout was last extended.
        span: from its acceptance to its result.
    """

    __slots__ = (
        "accepted_at",
        "assignment",
        "counters",
        "dirty",
        "done",
        "done_at_grant",
        "end_reason",
        "ended_by",
        "pid",
        "sequence",
        "sketch",
        "span",
        "started_at",
        "state",
        "total",
        "watchers",
    )

    def __init__(self, assignment: Assignment, accepted_at: float) -> None:
        self.assignment = assignment
        self.accepted_at = accepted_at
        self.span = NO_SPAN
        self.started_at: float | None = None
        self.state = WorkflowState.ASSIGNED
        self.pid = 0
        self.sequence = 0
        self.done = 0
        self.total = 0
        self.done_at_grant = 0
        self.counters: dict[str, float] = {}
        self.sketch: LatencySketch | None = None
        self.dirty = False
        self.ended_by = ""
        self.end_reason = ""
        self.watchers: list[asyncio.Future[str]] = []

    def as_running_work(self) -> RunningWork:
        """How a manager hears of it."""
        assignment = self.assignment
        return RunningWork(
            assignment.job_id,
            assignment.epoch,
            assignment.workflow.name,
            assignment.attempt,
            assignment.dispatch_id,
            assignment.workflow.cores,
            self.state.value,
        )


class JobRecord:
    """A job as this worker knows it; dropping it forgets the job.

    Attributes:
        fence: highest fence token seen.
        manager: name of the manager that commands the job now, `manager_address` where.
        attempts: dispatches that have not ended, by dispatch id.
        outbox: results that are not recorded yet.
        forestalled: dispatch ids cancelled before they came.
        ended: whether the job was dropped and only its fence is remembered.
        orphaned: whether its manager is gone and the grace runs.
        delivering: whether a delivery task runs.
        bringing: held while an input is fetched, so that each is fetched once.
        brought: files of inputs that were fetched, by workflow, attempt and datacenter.
        moved: set when another manager commands the job.
    """

    __slots__ = (
        "attempts",
        "bringing",
        "brought",
        "delivering",
        "ended",
        "fence",
        "forestalled",
        "job_id",
        "logs",
        "manager",
        "manager_address",
        "moved",
        "orphaned",
        "outbox",
        "scope",
    )

    def __init__(self, job_id: str, scope: JobScope, resend_seconds: float) -> None:
        self.job_id = job_id
        self.scope = scope
        self.fence = 0
        self.manager = ""
        self.manager_address = ""
        self.attempts: dict[str, AttemptRecord] = {}
        self.outbox = Outbox(resend_seconds)
        self.forestalled: deque[str] = deque(maxlen=CANCELLED_MEMORY)
        self.logs = LogQueue()
        self.bringing = asyncio.Lock()
        self.brought: dict[tuple[str, int, str], str] = {}
        self.moved = asyncio.Event()
        self.ended = False
        self.orphaned = False
        self.delivering = False

    async def pause(self, seconds: float) -> None:
        """Wait `seconds`, less where another manager takes the job over meanwhile."""
        self.moved.clear()
        try:
            async with asyncio.timeout(seconds):
                await self.moved.wait()
        except TimeoutError:
            return

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do or to deliver."""
        return not self.attempts and not len(self.outbox)
