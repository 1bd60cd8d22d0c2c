"""What a stream of updates says about a job so far."""

from __future__ import annotations

import msgspec

from distributed.messages.submission import DatacenterProgress, JobUpdate, JobView

NOTABLE = frozenset({"worker_lost", "retry", "takeover", "routed", "state"})


class WorkflowLine(msgspec.Struct):
    """One workflow as last heard of."""

    name: str
    state: str = "pending"
    datacenter: str = ""
    worker: str = ""
    attempt: int = 0
    done: int = 0
    total: int = 0


class Happening(msgspec.Struct, frozen=True):
    """Something worth a line of its own."""

    elapsed_seconds: float
    text: str


class Story:
    """Folds the updates of a job, each delivered once, into the newest picture."""

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        self.state = "submitted"
        self.elapsed_seconds = 0.0
        self.workflows = {name: WorkflowLine(name) for name in names}
        self.datacenters: dict[str, DatacenterProgress] = {}
        self.happenings: list[Happening] = []

    @classmethod
    def of(cls, view: JobView) -> Story:
        """Start from what a gate shows of a job."""
        story = cls(tuple(line.name for line in view.workflows))
        story.state = view.state
        for line in view.workflows:
            known = story.workflows[line.name]
            known.state, known.datacenter, known.worker = line.state, line.datacenter, line.worker
            known.attempt, known.done, known.total = line.attempt, line.done, line.total
        story.datacenters = {entry.datacenter: entry for entry in view.datacenters}
        return story

    def apply(self, update: JobUpdate) -> Happening | None:
        """Take one update in; returns a line to tell where it is worth one."""
        self.elapsed_seconds = max(self.elapsed_seconds, update.elapsed_seconds)
        for entry in update.datacenters:
            self.datacenters[entry.datacenter] = entry
        for name, attempt, done, total in update.running:
            self._progress(name, attempt, done, total)
        if update.kind == "state":
            self.state = update.state
        if update.workflow:
            self._workflow(update)
        text = described(update) if update.kind in NOTABLE else ""
        if not text:
            return None
        happening = Happening(update.elapsed_seconds, text)
        self.happenings.append(happening)
        return happening

    def _workflow(self, update: JobUpdate) -> None:
        line = self.workflows.setdefault(update.workflow, WorkflowLine(update.workflow))
        if update.attempt < line.attempt:
            return
        if update.attempt > line.attempt:
            line.done = 0
        line.attempt = update.attempt
        line.state = update.state or line.state
        line.datacenter = update.datacenter or line.datacenter
        line.worker = update.worker or line.worker
        line.done = max(line.done, update.done)
        line.total = update.total or line.total

    def _progress(self, name: str, attempt: int, done: int, total: int) -> None:
        line = self.workflows.get(name)
        if line is not None and attempt == line.attempt:
            line.done, line.total = max(line.done, done), total

    def counts(self) -> dict[str, int]:
        """How many workflows stand in each state."""
        counted: dict[str, int] = {}
        for line in self.workflows.values():
            counted[line.state] = counted.get(line.state, 0) + 1
        return counted


def described(update: JobUpdate) -> str:
    """One sentence for a person."""
    why = f": {update.reason}" if update.reason else ""
    if update.kind == "worker_lost":
        return f"{update.workflow} is lost with worker {update.worker}{why}"
    if update.kind == "retry":
        return f"{update.workflow} runs again on {update.worker}, attempt {update.attempt}{why}"
    if update.kind == "takeover":
        return f"another node took the job over{why}"
    if update.kind == "routed":
        places = update.datacenter or ", ".join(entry.datacenter for entry in update.datacenters)
        return f"routed to {places}{why}"
    if update.kind == "state":
        return f"{update.state}{why}"
    return ""
