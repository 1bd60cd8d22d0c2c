"""Rules about the end: every job has its answer, the answer is whole, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from distributed.testing.simulated_work import Outcome
from distributed.types import JobState, Role

if TYPE_CHECKING:
    from distributed.messages.submission import JobResult
    from distributed.testing.cluster import SimCluster
    from distributed.testing.processes import SimProcess
    from distributed.testing.submissions import Submission

_FINAL = frozenset(state.value for state in JobState if state.final)


class EveryJobEnds:
    """Every acknowledged submission ends in one final state that the client can read."""

    name = "every accepted job ends"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    def broken(self) -> Iterator[str]:
        """Jobs without an end, or with two."""
        rows = self._cluster.database.query("SELECT job_id, state FROM jobs")
        ledger = {str(job_id): str(state) for job_id, state in rows}
        for submission in self._cluster.submissions:
            if not submission.accepted:
                continue
            stored = ledger.get(submission.job_id)
            if submission.result is None:
                yield (
                    f"{submission.job_id} ({submission.job.name}) has no result at the client: "
                    f"{submission.failure!r}; the ledger says {stored}"
                )
            elif submission.asked_again:
                yield f"{submission.job_id} had ended, and its client did not hear of it by itself"
            elif submission.state not in _FINAL:
                yield f"{submission.job_id} is said to have ended {submission.state!r}"
            elif stored is not None and stored != submission.state:
                yield f"{submission.job_id}: {submission.state} at the client, {stored} stored"


class OneJobForAKey:
    """Submissions under one idempotency key are one job."""

    name = "a key stands for one job"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    def broken(self) -> Iterator[str]:
        """Keys under which there are several."""
        jobs: dict[str, str] = {}
        for submission in self._cluster.submissions:
            if submission.key and submission.accepted:
                first = jobs.setdefault(submission.key, submission.job_id)
                if first != submission.job_id:
                    yield f"{submission.key} stands for {first} and {submission.job_id}"


class AskedIsAnswered:
    """What was asked for equals what ran, or the answer says what is missing."""

    name = "what was asked is answered"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    def broken(self) -> Iterator[str]:
        """Answers with holes."""
        for submission in self._cluster.submissions:
            if submission.result is not None:
                yield from self._holes(submission, submission.result)

    def _holes(self, submission: Submission, result: JobResult) -> Iterator[str]:
        asked = {workflow.name: workflow for workflow in submission.job.workflows}
        replicated = submission.job.placement.mode == "replicate"
        answered = [(r.workflow, r.datacenter if replicated else "") for r in result.workflows]
        missing = {name.partition("@")[0] for name, _ in result.missing}
        for workflow, datacenter in sorted({a for a in answered if answered.count(a) > 1}):
            yield f"{submission.job_id}: {workflow} is answered twice {datacenter}".rstrip()
        silent = asked.keys() - {workflow for workflow, _ in answered} - missing
        if silent:
            yield f"{submission.job_id} ({result.state}) says nothing of {sorted(silent)}"
        if result.state != "completed":
            return
        for answer in result.workflows:
            if answer.state != "completed":
                if not replicated:
                    yield f"{submission.job_id}: {answer.workflow} is {answer.state} in a success"
                continue
            try:
                value = msgspec.msgpack.decode(answer.value, type=Outcome)
            except msgspec.MsgspecError as error:
                yield f"{submission.job_id}: the value of {answer.workflow} is no value: {error}"
                continue
            wanted = tuple(sorted(asked[answer.workflow].after))
            if value.inputs != wanted:
                yield (
                    f"{submission.job_id}: {answer.workflow} was given {value.inputs}, not {wanted}"
                )


class NothingIsLeft:
    """After the end of all jobs and the time that ends are kept, no role holds anything."""

    name = "nothing is left of ended jobs"

    def __init__(self, cluster: SimCluster) -> None:
        self._cluster = cluster

    def broken(self) -> Iterator[str]:
        """What is still held, by node."""
        for process in self._cluster.processes.values():
            if process.up:
                for what in self._held(process):
                    yield f"{process.name} still holds {what}"

    def _held(self, process: SimProcess) -> Iterator[str]:
        membership = process.life.membership
        if membership is not None and membership.jobs_held():
            yield f"suspicions for {membership.jobs_held()}"
        for task in process.life.supervisor.running:
            if ":j-" in task:
                yield f"the task {task}"
        if process.role is Role.CLIENT:
            return
        state = process.node.state
        if state.records:
            yield f"records of {sorted(state.records)[:5]}"
        if process.role is Role.GATE:
            reserved = len(process.node.managers.knowledge.router.reservations)
            if reserved:
                yield f"{reserved} reservations of cores"
        if process.role is Role.WORKER:
            if state.executor.held:
                yield f"the dispatches {state.executor.held[:5]}"
            if state.executor.free_slots != state.executor.slots:
                yield f"{state.executor.slots - state.executor.free_slots} bound cores"
        if process.role is Role.MANAGER:
            for seat in state.seats.values():
                bound = [binding.dispatch_id for binding in seat.slots.bindings]
                if bound:
                    yield f"bindings on {seat.name}: {bound[:3]}"
