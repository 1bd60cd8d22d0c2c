"""The one place where a workflow changes state, and everything that follows from it."""

from __future__ import annotations

from collections.abc import Callable

from distributed.jobs.fairness import Ready
from distributed.jobs.states import check_workflow
from distributed.jobs.values import by_reference
from distributed.messages.dispatch import Assignment
from distributed.messages.progress import WorkflowChange
from distributed.messages.results import WorkflowResult
from distributed.types import WorkflowState as State

from .record import Entry, JobRecord
from .state import ManagerState

INPUT_BYTES = 2 << 20
"""Of values in one assignment; further ones are fetched by the worker."""
MANAGER_MARGIN_SECONDS = 1.0
"""What a manager adds to the job's deadline: the gate ends the job in time, also one that took
it over and counts from the commit, which came later than the first owner's acceptance."""
WORKER_MARGIN_SECONDS = 2.0
"""What a worker adds to it: its manager comes first."""


class Lifecycle:
    """Moves workflows along the state table, frees what they held, and starts what waited.

    `on_work` is called when something may be startable, `on_results` when a record has news
    for its gate, `on_change` when it has progress to tell.
    """

    def __init__(self, state: ManagerState) -> None:
        self._state = state
        self.on_work: Callable[[], None]
        self.on_results: Callable[[JobRecord], None]
        self.on_change: Callable[[JobRecord], None]

    def ready(self, record: JobRecord, entry: Entry) -> None:
        """It may run, once what it needs is here.

        What it needs may be missing just after a takeover: an attempt of it is known to be
        lost, and the results that it had been given are not yet brought by their workers.
        """
        if entry.state is not State.READY:
            self._move(record, entry, State.READY)
            entry.ready_since = self._state.clock.now()
        workflow = entry.workflow
        missing = any(name not in record.inputs for name in record.graph.needs(workflow.name))
        if record.rebuilding or missing:
            return
        ready = Ready(
            workflow.name,
            workflow.cores,
            workflow.priority,
            entry.ready_since,
            workflow.memory_bytes or 0,
        )
        self._state.queue.push(record.line, ready)
        self.on_work()

    def start_ready(self, record: JobRecord) -> None:
        """Make ready what waits for nothing; what was ready already is not put twice."""
        for name in record.graph.ready():
            entry = record.entries[name]
            if entry.state in (State.PENDING, State.READY) and name not in record.line:
                self.ready(record, entry)

    def assigned(self, record: JobRecord, entry: Entry, worker: str) -> None:
        """Its next attempt goes to `worker`, whose cores it holds."""
        self._move(record, entry, State.ASSIGNED)
        entry.worker = worker
        record.workers.add(worker)

    def adopt(
        self, record: JobRecord, entry: Entry, attempt: int, worker: str, dispatch_id: str = ""
    ) -> None:
        """A worker has (or had) this attempt, whatever was believed here."""
        if entry.dispatch_id != dispatch_id:
            self._release(entry)
        record.line.discard(entry.workflow.name)
        if entry.state is State.PENDING:
            self._move(record, entry, State.READY)
        if entry.state is State.READY:
            self._move(record, entry, State.ASSIGNED)
        entry.attempt = max(entry.attempt, attempt)
        entry.worker, entry.dispatch_id = worker, dispatch_id
        record.workers.add(worker)

    def running(self, record: JobRecord, entry: Entry, dispatch_id: str) -> None:
        """The worker took it."""
        if entry.dispatch_id == dispatch_id and entry.state is State.ASSIGNED:
            self._move(record, entry, State.RUNNING)
            self._tell(record, entry)

    def refused(self, record: JobRecord, entry: Entry, dispatch_id: str) -> None:
        """The worker would not take it: ready again, and no attempt was spent."""
        if entry.dispatch_id != dispatch_id or entry.state is not State.ASSIGNED:
            return
        self._release(entry)
        entry.attempt -= 1
        ordered = record.ordered.get(entry.workflow.name)
        if ordered is not None:
            self.end(record, entry, self.verdict(record, entry, ordered, "never started"))
        else:
            self.ready(record, entry)

    def lose(
        self,
        record: JobRecord,
        entry: Entry,
        reason: str,
        *,
        worker_died: bool = False,
        adrift: bool = False,
    ) -> None:
        """The attempt that is out is gone: again where attempts remain, else failed.

        `adrift` says that its worker did not: the attempt may still run where nobody hears it.
        """
        if entry.state not in (State.ASSIGNED, State.RUNNING):
            return
        if adrift:
            record.adrift[entry.workflow.name, entry.attempt] = entry.worker
        self._release(entry)
        self._move(record, entry, State.LOST)
        self._tell(record, entry, reason)
        self._state.metrics.count("attempts_lost")
        entry.deaths += worker_died
        name = entry.workflow.name
        ordered = record.ordered.get(name)
        if ordered is not None:
            self.end(record, entry, self.verdict(record, entry, ordered, reason))
            return
        why_not = self._why_no_restart(record, entry)
        self._state.logger.bind(job=record.job_id, workflow=name).warning(
            "attempt %d on %s lost: %s; %s",
            entry.attempt,
            entry.worker,
            reason,
            why_not or "it runs again",
        )
        if why_not is not None:
            text = f"attempt {entry.attempt} was lost ({reason}) and {why_not}"
            self.end(record, entry, self.verdict(record, entry, State.FAILED, text))
        else:
            self.ready(record, entry)

    def end(self, record: JobRecord, entry: Entry, result: WorkflowResult) -> None:
        """It has its final state; its dependants may start, or never will."""
        state = State(result.state)
        self._release(entry)
        record.line.discard(entry.workflow.name)
        self._move(record, entry, state)
        record.left -= 1
        record.outbox.put(result)
        record.dirty = True
        self.settle(record, result)
        self.on_results(record)

    def recorded_before(self, record: JobRecord, entry: Entry, result: WorkflowResult) -> None:
        """The gate has its result already: it is over here without being told again."""
        self.adopt(record, entry, result.attempt, result.worker)
        self._move(record, entry, State(result.state))
        record.left -= 1
        self.settle(record, result)

    def settle(self, record: JobRecord, result: WorkflowResult) -> None:
        """A result is known, from here or elsewhere: start or give up what waited for it."""
        name = result.workflow
        if result.state == State.COMPLETED:
            if record.graph.wanted(name):
                record.inputs[name] = result
            for dependant in record.graph.complete(name):
                entry = record.entries[dependant]
                if entry.state in (State.PENDING, State.READY) and not record.rebuilding:
                    self.ready(record, entry)
            self._forget_inputs(record, name)
            return
        for dependant in record.graph.abandon(name):
            waiting = record.entries.get(dependant)
            if waiting is not None and not waiting.state.final:
                text = f"never started: it needs {name!r}, which {result.state.replace('_', ' ')}"
                verdict = self.verdict(record, waiting, State.CANCELLED, text)
                self.end(record, waiting, verdict)

    def verdict(self, record: JobRecord, entry: Entry, state: State, reason: str) -> WorkflowResult:
        """A result that this manager gives itself, no worker having answered."""
        return WorkflowResult(
            workflow=entry.workflow.name,
            attempt=entry.attempt,
            state=state.value,
            error=reason,
            datacenter=self._state.datacenter,
            worker=entry.worker,
            unconfirmed=record.unsure_of(entry.workflow.name),
        )

    def assignment(self, record: JobRecord, entry: Entry) -> Assignment:
        """The next attempt as its worker hears of it; raises the attempt's number."""
        entry.attempt += 1
        entry.began_seconds = None
        entry.dispatch_id = record.dispatch_id(entry)
        values, references = _handed_over(record, entry.workflow.name)
        left = None
        if record.deadline is not None:
            left = max(0.0, record.deadline - self._state.clock.now()) + WORKER_MARGIN_SECONDS
        return Assignment(
            record.job_id,
            record.fence,
            entry.dispatch_id,
            entry.attempt,
            entry.workflow,
            values,
            left,
            references,
            record.span.context,
        )

    def _why_no_restart(self, record: JobRecord, entry: Entry) -> str | None:
        if entry.deaths >= self._state.settings.poison_deaths:
            return f"{entry.deaths} workers died under it: it is taken for the cause"
        return record.budget.spend(entry.workflow.name)

    def _release(self, entry: Entry) -> None:
        seat = self._state.seats.get(entry.worker)
        if entry.dispatch_id and seat is not None:
            seat.slots.release(entry.dispatch_id)
            self.on_work()
        entry.dispatch_id = ""

    def _forget_inputs(self, record: JobRecord, name: str) -> None:
        """Drop the inputs that only the workflows after `name` and others ended needed."""
        if not record.graph.open:
            record.inputs.clear()
        elif not record.graph.wanted(name):
            for needed in record.graph.needs(name):
                if not record.graph.wanted(needed):
                    record.inputs.pop(needed, None)

    def _move(self, record: JobRecord, entry: Entry, target: State) -> None:
        source = entry.state
        entry.state = check_workflow(entry.workflow.name, source, target)
        record.moved_on(source, target)

    def _tell(self, record: JobRecord, entry: Entry, reason: str = "") -> None:
        # A loss is told beside what followed it, not replaced by it.
        key = (entry.workflow.name, entry.attempt if entry.state is State.LOST else 0)
        record.changes[key] = WorkflowChange(
            entry.workflow.name, entry.state.value, entry.attempt, entry.worker, reason
        )
        self.on_change(record)


def _handed_over(
    record: JobRecord, name: str
) -> tuple[tuple[tuple[str, bytes], ...], tuple[tuple[str, str], ...]]:
    """What a workflow receives: values that travel with it, and names of those to be fetched."""
    values, references = [], []
    room = INPUT_BYTES
    for needed in record.graph.needs(name):
        result = record.inputs[needed]
        room -= len(result.value)
        if room < 0:
            result = by_reference(result)
        if result.reference:
            references.append((needed, result.reference))
        else:
            values.append((needed, result.value))
    return tuple(values), tuple(references)
