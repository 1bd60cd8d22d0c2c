"""A job's final answer as a caller uses it: values decoded, failures as exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from distributed.errors import JobFailed, ValueNotFetched, WorkflowFailed
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import DatacenterProgress, JobResult
from distributed.types import JobState

COMPLETED = JobState.COMPLETED.value


class Outcome:
    """How a job ended.

    `outcome[name]` is a workflow's return value. In a replicated job `values()` maps each
    name to its value by datacenter.
    """

    def __init__(self, raw: JobResult) -> None:
        self.raw = raw
        self._by_name: dict[str, WorkflowResult] = {}
        for result in raw.workflows:
            held = self._by_name.get(result.workflow)
            if held is None or (held.state != COMPLETED and result.state == COMPLETED):
                self._by_name[result.workflow] = result

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.raw.job_id

    @property
    def state(self) -> JobState:
        """The final state."""
        return JobState(self.raw.state)

    @property
    def reason(self) -> str:
        """Why it ended so, in a sentence."""
        return self.raw.reason

    @property
    def elapsed_seconds(self) -> float:
        """From acceptance to the end."""
        return self.raw.elapsed_seconds

    @property
    def missing(self) -> Mapping[str, str]:
        """What was asked for and has no result, each with the reason."""
        return dict(self.raw.missing)

    @property
    def workflows(self) -> tuple[WorkflowResult, ...]:
        """Every result as it came."""
        return self.raw.workflows

    @property
    def datacenters(self) -> tuple[DatacenterProgress, ...]:
        """How each datacenter did."""
        return self.raw.datacenters

    def __getitem__(self, workflow: str) -> Any:
        """The return value of a workflow.

        Raises:
            KeyError: the job has no result of that name.
            WorkflowFailed: it ended without a value; carries the remote traceback.
            ValueNotFetched: the value is large and was not asked for (`JobHandle.value`).
        """
        return self._value_of(self.result_of(workflow))

    def result_of(self, workflow: str, datacenter: str = "") -> WorkflowResult:
        """The completed result of a workflow, of one datacenter where it is named.

        Raises:
            KeyError: the job has no result of that name there.
            WorkflowFailed: it ended without a value.
        """
        result = self._by_name[workflow]
        if datacenter:
            here = [r for r in self.raw.workflows if r.datacenter == datacenter]
            result = {r.workflow: r for r in here}[workflow]
        if result.state != COMPLETED:
            raise self.failure_of(result)
        return result

    def values(self) -> dict[str, Any]:
        """Values of the completed workflows by name; by name and datacenter if replicated."""
        completed = [r for r in self.raw.workflows if r.state == COMPLETED]
        if len(completed) == len({r.workflow for r in completed}):
            return {r.workflow: self._value_of(r) for r in completed}
        found: dict[str, Any] = {}
        for result in completed:
            found.setdefault(result.workflow, {})[result.datacenter] = self._value_of(result)
        return found

    def _value_of(self, result: WorkflowResult) -> Any:
        if result.reference and not result.value:
            reason = "the result was asked for without large values"
            raise ValueNotFetched(self.job_id, result.workflow, reason)
        return decode_value(result)

    def failures(self) -> tuple[WorkflowFailed, ...]:
        """One exception for each workflow that ended without success."""
        return tuple(
            self.failure_of(result) for result in self.raw.workflows if result.state != COMPLETED
        )

    def failure_of(self, result: WorkflowResult) -> WorkflowFailed:
        """A result without success as an exception."""
        reason = result.error or result.state
        return WorkflowFailed(self.job_id, result.workflow, reason, result.traceback)

    def check(self) -> Outcome:
        """This outcome if the job completed.

        Raises:
            JobFailed: it did not; the first workflow's failure is the cause, with its remote
                traceback as a note.
        """
        if self.raw.state == COMPLETED:
            return self
        error = JobFailed(self.job_id, self.raw.state, self.raw.reason)
        failures = self.failures()
        if not failures:
            raise error
        if failures[0].traceback:
            failures[0].add_note(failures[0].traceback)
        raise error from failures[0]


def decode_value(result: WorkflowResult) -> Any:
    """The value that a result carries; None where it carries none. Never unpickles anything."""
    return msgspec.msgpack.decode(result.value) if result.value else None
