"""Rules about what happens: who commands, what runs, what clients see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from distributed.messages.dispatch import AssignWorkflows, StartJob
from distributed.testing.frame_tap import Passing
from distributed.transport.frames import DEADLINE
from distributed.types import Role, WorkflowState

if TYPE_CHECKING:
    from distributed.messages.submission import JobUpdate
    from distributed.testing.cluster import SimCluster
    from distributed.testing.simulated_work import WorkEvent
    from distributed.testing.submissions import Submission


class OneActor:
    """At most one owner acts under an epoch, and one manager under an appointment."""

    name = "one actor for each epoch"

    def __init__(self, cluster: SimCluster) -> None:
        self._actors: dict[tuple[str, str, int], str] = {}
        self._found: list[str] = []
        cluster.network.rules.watchers.append(self._seen)

    def broken(self) -> Iterator[str]:
        """Epochs under which two commanded."""
        found, self._found = self._found, []
        yield from found

    def _seen(self, source: str, target: str, frame: Passing, label: str) -> None:
        if label == "StartJob":
            start = _start.decode(frame.body[DEADLINE.size :])
            self._acts(start.job_id, "gate", start.epoch, source)
        elif label == "AssignWorkflows":
            datacenter = target.partition("-")[0]
            for assignment in _assign.decode(frame.body[DEADLINE.size :]).batch:
                self._acts(assignment.job_id, datacenter, assignment.epoch, source)

    def _acts(self, job_id: str, where: str, epoch: int, actor: str) -> None:
        first = self._actors.setdefault((job_id, where, epoch), actor)
        if first != actor:
            self._found.append(f"{first} and {actor} both command {job_id} with epoch {epoch}")


def _passing(update: JobUpdate) -> bool:
    """News that is not durable and repeats the sequence of the step before it."""
    started = update.kind == "workflow" and update.state not in FINAL_WORKFLOW_STATES
    return started or update.kind in ("progress", "log")


FINAL_WORKFLOW_STATES = frozenset(state.value for state in WorkflowState if state.final)
_start = msgspec.msgpack.Decoder(StartJob)
_assign = msgspec.msgpack.Decoder(AssignWorkflows)


class WorkIsFenced:
    """A worker takes nothing with a lower epoch than it has seen, and runs no dispatch twice.

    Ended jobs are no exception: a worker remembers a fence for longer than a manager that was
    cut off may start anything under an older one.
    """

    name = "fences hold at workers"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._highest: dict[tuple[str, int, str], int] = {}
        self._started: set[tuple[str, str]] = set()
        self._found: list[str] = []
        cluster.work_watchers.append(self._worked)

    def broken(self) -> Iterator[str]:
        """Stale work taken, and dispatches that ran again."""
        found, self._found = self._found, []
        yield from found

    def _worked(self, event: WorkEvent) -> None:
        if event.kind == "accepted":
            key = (event.node, event.life, event.job_id)
            highest = self._highest.get(key, 0)
            if event.epoch < highest:
                text = f"took {event.dispatch_id} with epoch {event.epoch} after {highest}"
                self._found.append(f"{event.node} {text}")
            self._highest[key] = max(highest, event.epoch)
        elif event.kind == "started":
            dispatch = (event.node.partition("-")[0], event.dispatch_id)
            if dispatch in self._started:
                self._found.append(f"{event.node} started {event.dispatch_id} again")
            self._started.add(dispatch)


class CancelIsFinal:
    """What a client was told is cancelled does not complete afterwards.

    An orphan in a datacenter that was given up may still run to its end, unheard: it counts
    where its result does.
    """

    name = "cancelled work does not complete"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._completed: dict[tuple[str, str, str], float] = {}
        cluster.work_watchers.append(self._worked)

    def broken(self) -> Iterator[str]:
        """Completions after the word that there would be none."""
        for submission in self._cluster.submissions:
            if submission.cancel_outcomes is None or submission.result is None:
                continue
            for answer in submission.result.workflows:
                if submission.cancel_outcomes.get(answer.workflow) != "cancelled":
                    continue
                work = (submission.job_id, answer.workflow, answer.datacenter)
                at = self._completed.get(work, 0.0)
                if answer.state == "completed" or at > submission.cancel_told_at:
                    yield (
                        f"{answer.workflow} of {submission.job_id} was said to be cancelled at "
                        f"{submission.cancel_told_at:.3f} and is {answer.state}; the last "
                        f"completion in {answer.datacenter} was at {at:.3f}"
                    )

    def _worked(self, event: WorkEvent) -> None:
        if event.kind == "completed":
            datacenter = event.node.partition("-")[0]
            self._completed[event.job_id, event.workflow, datacenter] = event.at


class ClientsSeeProgress:
    """At a client sequences rise and counts of finished workflows never fall."""

    name = "progress never goes back"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster
        self._read: dict[int, int] = {}
        self._sequence: dict[int, int] = {}
        self._done: dict[tuple[int, str], int] = {}

    def broken(self) -> Iterator[str]:
        """Steps back."""
        for index, submission in enumerate(self._cluster.submissions):
            start = self._read.get(index, 0)
            if start < len(submission.updates):
                self._read[index] = len(submission.updates)
                yield from self._follow(index, submission, start)

    def _follow(self, index: int, submission: Submission, start: int) -> Iterator[str]:
        for update in submission.updates[start:]:
            last = self._sequence.get(index, 0)
            if _passing(update):
                for row in update.datacenters:
                    before = self._done.get((index, row.datacenter), 0)
                    if row.done < before:
                        yield (
                            f"{submission.job_id} in {row.datacenter}: {before} done, "
                            f"then {row.done}"
                        )
                    self._done[index, row.datacenter] = row.done
            elif update.sequence <= last:
                yield f"{submission.job_id}: step {update.sequence} came after {last}"
            else:
                if update.sequence != last + 1 and last:
                    yield f"{submission.job_id}: step {last} is followed by {update.sequence}"
                self._sequence[index] = update.sequence


class CoresAddUp:
    """No core is bound twice, at workers or in managers' books."""

    name = "cores are never oversold"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    def broken(self) -> Iterator[str]:
        """Workers whose cores do not add up."""
        for process in self._cluster.of_role(Role.MANAGER):
            if not process.up:
                continue
            for seat in process.node.state.seats.values():
                if seat.slots.bound > seat.slots.cores:
                    yield (
                        f"{process.name} has bound {seat.slots.bound} of "
                        f"{seat.slots.cores} cores of {seat.name}"
                    )
        for process in self._cluster.of_role(Role.WORKER):
            if process.up and process.node.state.executor.free_slots < 0:
                yield f"{process.name} runs more than its cores"


class QueuesAreBounded:
    """Every queue that can be seen is under its bound.

    Jobs that a gate inherits count for no bound: somebody has to take them.
    """

    name = "queues stay under their bounds"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    def broken(self) -> Iterator[str]:
        """Queues over their bounds."""
        spec = self._cluster.spec
        for process in self._cluster.of_role(Role.WORKER):
            if process.up:
                waiting = process.node.state.executor.waiting
                if waiting > spec.worker.queue_limit:
                    yield f"{process.name} holds {waiting} dispatches"
        for process in self._cluster.of_role(Role.GATE):
            if not process.up or len(process.node.state.records) <= spec.gate.max_open_jobs:
                continue
            taken_on = sum(record.epoch == 1 for record in process.node.state.records.values())
            if taken_on > spec.gate.max_open_jobs:
                yield f"{process.name} took on {taken_on} jobs"
        for name, size, limit in self._cluster.network.overfull():
            yield f"a connection of {name} holds {size} bytes, {limit} at most"


class NothingSwallowed:
    """Errors that no scenario expects fail the run."""

    name = "no error goes by unseen"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    def broken(self) -> Iterator[str]:
        """Log lines at error level, and exceptions that nobody retrieved."""
        unexpected, self._cluster.log.unexpected = self._cluster.log.unexpected, []
        for line in unexpected:
            yield f"{line.node}: {line.text}\n{line.trouble}".rstrip()
        errors, self._cluster.loop.errors = self._cluster.loop.errors, []
        for context in errors:
            yield f"{context.get('message')}: {context.get('exception')!r}"
