"""Progress and output on their way from workers to the gate."""

from __future__ import annotations

from distributed.errors import TransportError
from distributed.messages.base import Message
from distributed.messages.progress import (
    AttemptProgress,
    JobProgress,
    Pressure,
    WorkerLog,
    WorkerProgress,
)
from distributed.messages.submission import DatacenterProgress
from distributed.stats.progress import Verdict
from distributed.stats.sketch import percentiles
from distributed.transport.interface import Context, Handlers
from distributed.types import Address
from distributed.types import WorkflowState as State

from .record import JobRecord
from .state import ManagerState

MAX_ENTRIES = 1000
PRESSURE_FACTORS = {"none": 1.0, "throttle": 5.0, "batch": 20.0, "reject": 100.0}


class Progress:
    """Merges reports by maximum and sends what is new at one interval, newest state only.

    Between two messages reports of one attempt replace each other, so what is kept is bounded
    by the attempts that run. Under pressure of the gate the interval grows.
    """

    def __init__(self, state: ManagerState) -> None:
        self._state = state
        self._changed: dict[str, JobRecord] = {}
        self._slowed: dict[str, float] = {}

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {
            WorkerProgress: self.receive,
            WorkerLog: self.forward_log,
            Pressure: self.pressure,
        }

    async def receive(self, _: Context, message: Message) -> None:
        """A worker's report about attempts of one job."""
        assert isinstance(message, WorkerProgress)
        record = self._state.records.get(message.job_id)
        if record is None:
            return
        for report in message.entries:
            self.merge(record, report)

    async def forward_log(self, _: Context, message: Message) -> None:
        """Captured lines go on to the gate as they are."""
        assert isinstance(message, WorkerLog)
        record = self._state.records.get(message.job_id)
        if record is None:
            return
        try:
            await self._state.pool.send(Address(record.gate_address), message)
        except TransportError:
            self._state.metrics.count("log_lines_lost", amount=len(message.lines))

    async def pressure(self, context: Context, message: Message) -> None:
        """A gate asks for less (or again more) progress."""
        assert isinstance(message, Pressure)
        factor = PRESSURE_FACTORS.get(message.level, 1.0)
        if factor == 1.0:
            self._slowed.pop(context.peer.name, None)
        else:
            least = self._state.settings.progress_interval_seconds * factor
            self._slowed[context.peer.name] = max(least, message.interval_seconds)

    def merge(self, record: JobRecord, report: AttemptProgress) -> None:
        """Take one report in, unless it is not newer than what is known."""
        merge = record.progress.accept(report)
        if merge.verdict is not Verdict.MERGED:
            self._state.metrics.count("progress_refused", reason=merge.verdict.value)
            return
        record.reports += int(merge.added.get("reports", 0))
        if merge.latency is not None:
            record.latency.merge(merge.latency.to_bytes())
        record.news[(report.workflow, report.attempt)] = report
        self.changed(record)

    def changed(self, record: JobRecord) -> None:
        """The record has something to tell."""
        record.dirty = True
        self._changed[record.job_id] = record

    async def report(self) -> None:
        """Send what is new at each interval, until cancelled."""
        state = self._state
        resting: dict[str, float] = {}
        while True:
            await state.clock.sleep(state.settings.progress_interval_seconds)
            changed, self._changed = self._changed, {}
            now = state.clock.now()
            for job_id, record in changed.items():
                if resting.get(record.gate, 0.0) > now:
                    self._changed.setdefault(job_id, record)
                else:
                    await self.send(record)
            for gate, interval in self._slowed.items():
                if resting.get(gate, 0.0) <= now:
                    resting[gate] = now + interval

    async def send(self, record: JobRecord) -> None:
        """Tell the gate how the job stands now; a lost message is made good by the next."""
        if not record.dirty or record.closing:
            return
        record.dirty = False
        record.sequence += 1
        news = tuple(record.news.values())[:MAX_ENTRIES]
        changes = tuple(record.changes.values())[:MAX_ENTRIES]
        record.news.clear()
        record.changes.clear()
        message = JobProgress(
            record.job_id,
            self._state.datacenter,
            record.manager_epoch,
            record.sequence,
            self.totals(record),
            news,
            changes,
        )
        try:
            await self._state.pool.send(Address(record.gate_address), message)
        except TransportError as error:
            self._state.metrics.count("progress_lost")
            self._state.logger.bind(job=record.job_id, peer=record.gate).debug(
                "progress did not reach the gate: %s", error
            )

    def totals(self, record: JobRecord) -> DatacenterProgress:
        """How this datacenter stands with the job."""
        latency = percentiles(record.latency)
        done = record.counted(State.COMPLETED)
        elapsed = max(1e-3, self._state.clock.now() - record.started_at)
        return DatacenterProgress(
            self._state.datacenter,
            "finished" if not record.left else "running",
            done,
            len(record.entries) - record.left - done,
            record.counted(State.RUNNING),
            len(record.entries),
            record.reports,
            record.reports / elapsed,
            latency.p50,
            latency.p95,
            latency.p99,
        )
