"""Progress of open jobs: the newest of each attempt, never waited for."""

from __future__ import annotations

from distributed.ledger.interface import WorkflowRow
from distributed.messages.progress import AttemptProgress, JobProgress, WorkflowChange
from distributed.transport.interface import Context, Handlers
from distributed.types import JobState, WorkflowState

from .record import SPENT, DatacenterRun, JobRecord
from .state import GateState
from .story import Stories
from .watching import Watching

DURABLE_KINDS = {WorkflowState.LOST.value: "worker_lost"}
"""States whose news belongs in the job's durable story."""


class Progress:
    """The progress conversation: managers tell, clients watch."""

    def __init__(self, state: GateState, stories: Stories, watching: Watching) -> None:
        self._state = state
        self._stories = stories
        self._watching = watching

    def handlers(self) -> Handlers:
        """What managers send."""
        return {JobProgress: self._progress}

    def _progress(self, _context: Context, message: JobProgress) -> None:
        """Keep what is newer: sequences rise within one manager epoch, never the fence."""
        record = self._state.records.get(message.job_id)
        run = record.runs.get(message.datacenter) if record is not None else None
        if record is None or run is None:
            self._state.metrics.count("progress_gone")
            return
        if message.manager_epoch < max(run.manager_epoch, run.progress_epoch):
            self._state.metrics.count("progress_stale")
            return
        if message.manager_epoch == run.progress_epoch and (
            message.sequence <= run.progress_sequence
        ):
            self._state.metrics.count("progress_stale")
            return
        run.progress_epoch = message.manager_epoch
        run.progress_sequence = message.sequence
        run.progress = message.totals
        for entry in message.entries:
            self._newest(record, run, entry)
        for change in message.changes:
            self._change(record, run, change)
        self._watching.progress(record)

    def _newest(self, record: JobRecord, run: DatacenterRun, entry: AttemptProgress) -> None:
        if not record.has_workflow(entry.workflow):
            return
        if run.entries is None:
            run.entries = {}
        held = run.entries.get(entry.workflow)
        if held is None or (held.attempt, held.sequence) < (entry.attempt, entry.sequence):
            run.entries[entry.workflow] = entry

    def _change(self, record: JobRecord, run: DatacenterRun, change: WorkflowChange) -> None:
        if not record.has_workflow(change.workflow):
            return
        if (change.workflow, run.datacenter) in record.results:
            return
        self._count_attempts(record, run, change)
        if run.states is None:
            run.states = {}
        run.states[change.workflow] = change
        if change.state == WorkflowState.RUNNING.value and record.state is JobState.DISPATCHED:
            self._stories.advance(record, JobState.RUNNING)
            self._stories.soon(record)
        kind = DURABLE_KINDS.get(change.state, "")
        if change.state == WorkflowState.RUNNING.value and change.attempt > 1:
            kind = "retry"
        if kind:
            self._stories.update(
                record,
                kind,
                state=change.state,
                workflow=change.workflow,
                datacenter=run.datacenter,
                worker=change.worker,
                attempt=change.attempt,
                reason=change.reason,
            )
            self._stories.soon(record)
        else:
            self._watching.change(record, run.datacenter, change)

    def _count_attempts(
        self, record: JobRecord, run: DatacenterRun, change: WorkflowChange
    ) -> None:
        """Attempts used up are durable: a takeover does not give them anew."""
        used = change.attempt if change.state == WorkflowState.LOST.value else change.attempt - 1
        withdrawn = change.workflow in (record.withdrawn or ())
        if record.spend(change.workflow, run.datacenter, used) and not withdrawn:
            row = WorkflowRow(change.workflow, SPENT, used, run.datacenter)
            self._stories.add_workflow(record, row)
            self._stories.soon(record)
