"""How a job ends: judged once, written once, told, and then forgotten."""

from __future__ import annotations

from collections.abc import Callable

from distributed.jobs.outcome import judge, ordered
from distributed.messages.submission import DatacenterProgress, JobResult
from distributed.types import JobState

from .farewells import Farewells
from .record import DatacenterRun, JobRecord
from .state import GateState
from .story import Stories


class Ending:
    """Ends jobs; `after` is called with each job's final result, once it is durable."""

    def __init__(self, state: GateState, stories: Stories, farewells: Farewells) -> None:
        self._state = state
        self._stories = stories
        self.farewells = farewells
        self.after: Callable[[JobRecord, JobResult], None] = lambda _record, _result: None
        stories.on_ended = self._ended

    def order(self, record: JobRecord, target: JobState, reason: str) -> None:
        """The owner decides how the job ends, whatever its results would say."""
        if record.ordered is None and not record.ending:
            record.ordered, record.ordered_reason = target, reason
            self.settle(record)

    def gap(self, record: JobRecord, run: DatacenterRun, reason: str) -> None:
        """A part is over: say why what it lacks is missing."""
        if record.gaps is None:
            record.gaps = {}
        for name in record.runs_here(run):
            if (name, run.datacenter) not in record.results:
                record.gaps.setdefault(name, self._because(record, name) or reason)

    def settle(self, record: JobRecord) -> None:
        """End the job if nothing is left to wait for."""
        if self.due(record):
            self._finish(record)

    def due(self, record: JobRecord) -> bool:
        """Whether nothing is left to wait for.

        A cancellation that was ordered waits for its datacenters' word, whatever completes.
        """
        if record.ending or not record.created:
            return False
        if record.ordered is None and (record.cancelling is not None or not record.done):
            return False
        return self._state.records.get(record.job_id) is record

    def _finish(self, record: JobRecord) -> None:
        placed = {run.datacenter: run.names for run in record.runs.values()}
        outcome = judge(
            record.job,
            placed,
            record.results.values(),
            ordered=record.ordered,
            ordered_reason=record.ordered_reason,
            gaps=record.gaps,
        )
        if not record.story.can_become(outcome.state):
            self._stories.reach(record, JobState.RUNNING)
        self._stories.advance(record, outcome.state, outcome.reason)
        self._stories.end(
            record,
            JobResult(
                record.job_id,
                record.job.name,
                outcome.state.value,
                outcome.reason,
                self._stories.elapsed(record),
                ordered(record.job, record.results.values()),
                outcome.missing,
                tuple(self._progress(record, run) for run in record.runs.values()),
            ),
        )

    def _progress(self, record: JobRecord, run: DatacenterRun) -> DatacenterProgress:
        here = [r.state for r in record.results.values() if r.datacenter == run.datacenter]
        done = sum(state == "completed" for state in here)
        total = len(run.names) or len(record.job.workflows)
        state = "completed" if done == total else "failed" if run.done else "open"
        last = run.progress or DatacenterProgress(run.datacenter, state, 0, 0, 0, 0)
        return DatacenterProgress(
            run.datacenter,
            state,
            done,
            len(here) - done,
            0,
            total,
            last.reports,
            last.rate,
            last.p50,
            last.p95,
            last.p99,
        )

    def _because(self, record: JobRecord, name: str) -> str:
        """The failed dependency that kept a workflow from starting, "" where there is none."""
        for needed in record.graph.needs(name):
            states = {r.state for (other, _), r in record.results.items() if other == needed}
            if states and "completed" not in states:
                return f"waits for {needed!r}, which {states.pop()}"
            if not states and record.gaps and needed in record.gaps:
                return f"waits for {needed!r}, which did not run"
        return ""

    def _ended(self, record: JobRecord, result: JobResult) -> None:
        self._state.metrics.count("jobs_ended", state=result.state)
        self._state.metrics.observe("job_seconds", result.elapsed_seconds)
        self.farewells.say(record, result)
        self._state.drop(record, told=True)
        self.after(record, result)
