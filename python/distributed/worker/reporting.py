"""Progress and captured output on their way to managers, while they are new."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from distributed.errors import TransportError
from distributed.messages.base import Message
from distributed.messages.progress import AttemptProgress, Pressure, WorkerLog, WorkerProgress
from distributed.reliability.pressure import Level, SenderPace
from distributed.supervision import Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .progress import progress_of
from .record import AttemptRecord, JobRecord
from .state import WorkerState

MAX_ENTRIES = 1000
MOST_LANES = 1024
"""Peers whose pace is remembered; where more come, those that nothing is on its way to go."""


class Lane:
    """What one manager is sent, and how often it may be."""

    __slots__ = ("busy", "not_before", "pace")

    def __init__(self) -> None:
        self.pace = SenderPace()
        self.busy = False
        self.not_before = 0.0


class Reporting:
    """Sends the newest state of what changed, at one interval, apart for each manager.

    A manager that is slow or gone holds up nobody else. Under its pressure the interval
    grows; results are never held back by it.
    """

    def __init__(self, state: WorkerState) -> None:
        self._state = state
        self._changed: dict[str, JobRecord] = {}
        self._lanes: dict[str, Lane] = {}
        self._news = asyncio.Event()

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {Pressure: self.pressure}

    def pressure(self, context: Context, message: Message) -> None:
        """A manager asks for less (or again more)."""
        assert isinstance(message, Pressure)
        lane = self._lane(context.peer.address)
        lane.pace.told(Level.parse(message.level), self._state.clock.now())

    def progressed(self, record: JobRecord, attempt: AttemptRecord) -> None:
        """The attempt has news."""
        attempt.dirty = True
        self._note(record)

    def wrote(self, record: JobRecord, log: WorkerLog) -> None:
        """Keep captured lines for the next message; over the bound the oldest go first."""
        record.logs.put(log, self._state.settings.log_lines)
        self._note(record)

    async def run(self) -> None:
        """Send what is new, an interval after it came, until cancelled."""
        state = self._state
        while True:
            await self._news.wait()
            await state.clock.sleep(state.settings.progress_interval_seconds)
            self._round()
            if not self._changed:
                self._news.clear()

    def _note(self, record: JobRecord) -> None:
        self._changed[record.job_id] = record
        self._news.set()

    def _round(self) -> None:
        now = self._state.clock.now()
        due: dict[str, list[JobRecord]] = {}
        for record in self._changed.values():
            due.setdefault(record.manager_address, []).append(record)
        for address, records in due.items():
            lane = self._lane(address)
            if lane.busy or lane.not_before > now:
                continue
            lane.busy = True
            for record in records:
                del self._changed[record.job_id]
            self._send_soon(address, lane, records)

    async def send(self, record: JobRecord) -> None:
        """Tell the manager what is new of one job now; what is lost the result makes good.

        Captured lines that did not go wait for the next time.
        """
        self._changed.pop(record.job_id, None)
        address = Address(record.manager_address)
        entries = self._entries(record)
        logs = record.logs.take()
        if not entries and not logs:
            return
        try:
            if entries:
                await self._state.pool.send(address, WorkerProgress(record.job_id, entries))
            while logs:
                await self._state.pool.send(address, logs[0])
                del logs[0]
        except TransportError as error:
            record.logs.put_back(logs)
            self._state.metrics.count("progress_lost")
            self._state.logger.bind(job=record.job_id, peer=address).debug(
                "progress did not reach the manager: %s", error
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

    def _entries(self, record: JobRecord) -> tuple[AttemptProgress, ...]:
        now = self._state.clock.now()
        entries: list[AttemptProgress] = []
        for attempt in record.attempts.values():
            if attempt.dirty:
                if len(entries) == MAX_ENTRIES:
                    self._note(record)
                    break
                attempt.dirty = False
                entries.append(progress_of(attempt, self._state.name, now))
        return tuple(entries)

    def _lane(self, address: str) -> Lane:
        lane = self._lanes.get(address)
        if lane is None:
            if len(self._lanes) >= MOST_LANES:
                self._lanes = {place: kept for place, kept in self._lanes.items() if kept.busy}
            lane = self._lanes[address] = Lane()
        return lane
