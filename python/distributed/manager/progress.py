"""Progress and output on their way from workers to the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

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
from distributed.reliability.pressure import Level, SenderPace
from distributed.stats.progress import Merge, Verdict
from distributed.stats.sketch import percentiles
from distributed.supervision import Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import Address
from distributed.types import WorkflowState as State

from .record import JobRecord
from .state import ManagerState

MAX_ENTRIES = 1000
MOST_LANES = 1024
"""Peers whose pace is remembered; where more come, those that nothing is on its way to go."""

K = TypeVar("K")
V = TypeVar("V")


class Lane:
    """What one gate is sent, and how often it may be."""

    __slots__ = ("busy", "not_before", "pace")

    def __init__(self) -> None:
        self.pace = SenderPace()
        self.busy = False
        self.not_before = 0.0


class Progress:
    """Merges reports by maximum and sends what is new at one interval, newest state only.

    Between two messages reports of one attempt replace each other, so what is kept is bounded
    by the attempts that run. Under pressure of the gate the interval grows.
    """

    def __init__(self, state: ManagerState) -> None:
        self._state = state
        self._changed: dict[str, JobRecord] = {}
        self._lanes: dict[str, Lane] = {}
        self._news = asyncio.Event()

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {
            WorkerProgress: self.receive,
            WorkerLog: self.forward_log,
            Pressure: self.pressure,
        }

    def receive(self, _: Context, message: Message) -> None:
        """A worker's report about attempts of one job."""
        assert isinstance(message, WorkerProgress)
        record = self._state.records.get(message.job_id)
        if record is None:
            return
        for report in message.entries:
            self.merge(record, report)

    def forward_log(self, _: Context, message: Message) -> None:
        """Captured lines go on to the gate at once, or wait for room there.

        Nothing else waits for them: they are what matters least on their way.
        """
        assert isinstance(message, WorkerLog)
        record = self._state.records.get(message.job_id)
        if record is None:
            return
        lost = record.logs.put(message, self._state.settings.log_lines)
        if lost:
            self._state.metrics.count("log_lines_lost", amount=lost)
        if not self.flush_logs(record):
            self._changed[record.job_id] = record
            self._news.set()

    def flush_logs(self, record: JobRecord) -> bool:
        """Pass on captured lines while the gate has room; whether all went."""
        if not record.logs.lines:
            return True
        gate = self._state.pool.opened(Address(record.gate_address))
        if gate is None:
            return False
        logs = record.logs.take()
        while logs and gate.try_send(logs[0]):
            del logs[0]
        record.logs.put_back(logs)
        return not logs

    def pressure(self, context: Context, message: Message) -> None:
        """A gate asks for less (or again more) progress."""
        assert isinstance(message, Pressure)
        lane = self._lane(context.peer.address)
        lane.pace.told(Level.parse(message.level), self._state.clock.now())

    def merge(self, record: JobRecord, report: AttemptProgress) -> None:
        """Take one report in, unless it is not newer than what is known."""
        merge = record.progress.accept(report)
        if merge.verdict is not Verdict.MERGED:
            self._state.metrics.count("progress_refused", reason=merge.verdict.value)
            return
        record.reports += int(merge.added.get("reports", 0))
        if merge.latency is not None:
            record.latency.merge(merge.latency.to_bytes())
        self._count(record, report, merge)
        record.news[(report.workflow, report.attempt)] = report
        self.changed(record)

    def _count(self, record: JobRecord, report: AttemptProgress, merge: Merge) -> None:
        """Put what a report added into the window of the job's time that it lies in."""
        elapsed = self._state.clock.now() - record.started_at
        entry = record.entries.get(report.workflow)
        began = elapsed - report.elapsed_seconds
        if entry is not None:
            if entry.began_seconds is None:
                entry.began_seconds = max(0.0, began)
            began = entry.began_seconds
        record.windows.add(
            min(elapsed, began + report.elapsed_seconds),
            merge.added,
            merge.latency,
            elapsed_seconds=elapsed,
            source=report.worker,
        )

    def flush(self, record: JobRecord) -> None:
        """The job has ended here: close every window, so that a short job has one too."""
        elapsed = self._state.clock.now() - record.started_at
        record.close_windows(record.windows.flush(elapsed))
        record.dirty = True

    def changed(self, record: JobRecord) -> None:
        """The record has something to tell."""
        record.dirty = True
        self._changed[record.job_id] = record
        self._news.set()

    async def report(self) -> None:
        """Send what is new, an interval after it came, until cancelled."""
        state = self._state
        while True:
            await self._news.wait()
            await state.clock.sleep(state.settings.progress_interval_seconds)
            self._round()
            if not self._changed:
                self._news.clear()

    def _round(self) -> None:
        now = self._state.clock.now()
        due: dict[str, list[JobRecord]] = {}
        for record in self._changed.values():
            due.setdefault(record.gate_address, []).append(record)
        for address, records in due.items():
            lane = self._lane(address)
            if lane.busy or lane.not_before > now:
                continue
            lane.busy = True
            for record in records:
                del self._changed[record.job_id]
            self._send_soon(address, lane, records)

    async def send(self, record: JobRecord) -> None:
        """Tell the gate how the job stands now, then what waits of its output.

        A lost message is made good by the next.
        """
        if record.closing:
            return
        if record.dirty:
            await self._tell(record)
        if not self.flush_logs(record):
            await self._send_logs(record)

    async def _send_logs(self, record: JobRecord) -> None:
        """Pass on captured lines as the gate takes them; what does not go waits."""
        logs = record.logs.take()
        try:
            while logs:
                await self._state.pool.send(Address(record.gate_address), logs[0])
                del logs[0]
        except TransportError:
            record.logs.put_back(logs)

    async def _tell(self, record: JobRecord) -> None:
        record.dirty = False
        record.sequence += 1
        news = take(record.news)
        changes = take(record.changes)
        if record.news or record.changes:
            self.changed(record)
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

    def _send_soon(self, address: str, lane: Lane, records: Iterable[JobRecord]) -> None:
        async def send() -> None:
            try:
                for record in records:
                    await self.send(record)
            finally:
                now = self._state.clock.now()
                lane.busy = False
                lane.not_before = now + lane.pace.interval_seconds(now)

        self._state.spawn(f"report:{address}", send, policy=Policy.ONCE)

    def _lane(self, address: str) -> Lane:
        lane = self._lanes.get(address)
        if lane is None:
            if len(self._lanes) >= MOST_LANES:
                self._lanes = {place: kept for place, kept in self._lanes.items() if kept.busy}
            lane = self._lanes[address] = Lane()
        return lane

    def totals(self, record: JobRecord) -> DatacenterProgress:
        """How this datacenter stands with the job."""
        latency = percentiles(record.latency)
        done = record.ended(State.COMPLETED)
        elapsed = max(1e-3, self._state.clock.now() - record.started_at)
        record.close_windows(record.windows.closed(elapsed))
        return DatacenterProgress(
            self._state.datacenter,
            "finished" if not record.left else "running",
            done,
            len(record.entries) - record.left - done,
            record.running,
            len(record.entries),
            record.reports,
            record.reports / elapsed if record.rate is None else record.rate,
            latency.p50,
            latency.p95,
            latency.p99,
        )


def take(news: dict[K, V]) -> tuple[V, ...]:
    """Up to `MAX_ENTRIES` values, oldest first, taken out of `news`."""
    keys = list(islice(news, MAX_ENTRIES))
    return tuple(news.pop(key) for key in keys)
