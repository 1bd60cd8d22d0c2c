"""Clients that follow a job: pushed what is durable, caught up from the ledger, never waited for.

A watcher costs one small object. Updates go out at once while the connection has room. One
that has none lags: what it missed is read back from the ledger when it drains, one page at a
time for each connection, so a slow client costs neither memory nor time of the gate. Progress
is only ever the newest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import count, islice

import msgspec

from distributed.errors import ConnectError, LedgerUnavailable
from distributed.jobs.values import PAGE_BYTES
from distributed.messages.base import Done, Gone, Redirect, Refused
from distributed.messages.progress import WorkflowChange
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import (
    JobResult,
    JobUpdate,
    JobUpdates,
    UnwatchJob,
    WatchJob,
    WatchStarted,
)
from distributed.transport.interface import Connection, Context, Handlers

from .answers import bounded, decode_result
from .record import JobRecord
from .state import GateState

CATCH_UP_ROWS = 500
FEW_ROWS = 32
"""As long as it is not known how large the results are."""
LAG_SECONDS = 0.01
READS_AT_ONCE = 8
"""Pages of missed updates that are read at the same time, over all connections."""
OWNER_SECONDS = 5.0
"""How long a client that asks to follow a job waits here for its next owner."""
WAIT_AT_ONCE = 200
"""Clients that may wait so; more are told to come back."""
LOOK_SECONDS = 0.25
"""Pause after which the ledger is asked whether another gate has it."""
EMPTY_READS = 3
"""Reads that find nothing of what was published meanwhile, after which it is let be."""
PUSHED_WORKFLOWS = 100
_decode_update = msgspec.msgpack.Decoder(JobUpdate).decode


class Watch:
    """One connection's place in one job's story."""

    __slots__ = ("connection", "ended", "job_id", "lagging", "latest", "sent")

    def __init__(self, connection: Connection, job_id: str, sent: int) -> None:
        self.connection = connection
        self.job_id = job_id
        self.sent = sent
        self.latest = 0
        self.lagging = False
        self.ended = False


class Watching:
    """The watch conversation."""

    def __init__(self, state: GateState) -> None:
        self._state = state
        self._dirty: dict[JobRecord, None] = {}
        self._lagging: dict[Connection, deque[Watch]] = {}
        self._begun: list[Connection] = []
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._armed = False
        self._waiting = 0

    def handlers(self) -> Handlers:
        """What clients ask here."""
        return {WatchJob: self._watch, UnwatchJob: self._unwatch}

    def attach(self, record: JobRecord, connection: Connection, after: int) -> Watch:
        """Push this job's updates on `connection` from `after` on."""
        for watch in record.watches or ():
            if watch.connection is connection:
                watch.sent = min(watch.sent, after)
                self._catch_up_soon(watch)
                return watch
        watch = Watch(connection, record.job_id, after)
        if record.watches is None:
            record.watches = []
        record.watches.append(watch)
        tail = record.tail
        durable = tail[-1].sequence if tail else 0
        if tail and tail[0].sequence <= after + 1:
            self._push(watch, [update for update in tail if update.sequence > after])
        elif after < durable or (not tail and after < record.sequence):
            self._catch_up_soon(watch)
        return watch

    def publish(self, record: JobRecord, updates: Sequence[JobUpdate]) -> None:
        """Tell watchers of steps that are durable now."""
        for update in updates:
            record.remember(update)
        if not updates or not record.watches:
            return
        for watch in record.watches:
            if watch.lagging:
                watch.latest = updates[-1].sequence
            else:
                self._push(watch, updates)
        if not record.ending and any(run.progress for run in record.runs.values()):
            self.progress(record)
        self._forget_closed(record)

    def progress(self, record: JobRecord) -> None:
        """The newest progress is worth telling, at the next tick."""
        if record.watches and record not in self._dirty:
            self._dirty[record] = None
            self._arm(self._state.settings.push_interval_seconds)

    def finished(self, record: JobRecord, updates: Sequence[JobUpdate], result: JobResult) -> None:
        """The job has ended: the result first, so that the last update finds it there."""
        told = bounded(result) if record.watches else result
        for watch in record.watches or ():
            if not watch.lagging:
                watch.connection.try_send(told)
        self.publish(record, updates)

    def change(self, record: JobRecord, datacenter: str, change: WorkflowChange) -> None:
        """Tell of a workflow that moved and has not ended; lost where a client has no room."""
        if not record.watches:
            return
        update = JobUpdate(
            record.sequence,
            "workflow",
            self._elapsed(record),
            state=change.state,
            workflow=change.workflow,
            datacenter=datacenter,
            worker=change.worker,
            attempt=change.attempt,
            reason=change.reason,
        )
        for watch in record.watches:
            if not watch.lagging:
                watch.connection.try_send(JobUpdates(record.job_id, (update,)))

    def _tick(self) -> None:
        """Push progress and pick up laggards; armed only while there is something to do."""
        self._armed = False
        dirty, self._dirty = self._dirty, {}
        for record in dirty:
            self._push_progress(record)
        begun, self._begun = self._begun, []
        for connection in begun:
            self._state.spawn_free("catch up", partial(self._catch_up, connection))

    def _arm(self, seconds: float) -> None:
        if not self._armed and not self._state.stopping:
            self._armed = True
            self._state.timers.call_later(seconds, self._tick)

    def _elapsed(self, record: JobRecord) -> float:
        return round(max(0.0, self._state.clock.now() - record.accepted_at), 6)

    def _push(self, watch: Watch, updates: Sequence[JobUpdate]) -> None:
        fresh = tuple(update for update in updates if update.sequence > watch.sent)
        if not fresh:
            return
        if fresh[0].sequence > watch.sent + 1:
            self._catch_up_soon(watch)
        elif watch.connection.try_send(JobUpdates(watch.job_id, fresh)):
            watch.sent = fresh[-1].sequence
        elif not watch.connection.closed:
            self._catch_up_soon(watch)

    def _push_progress(self, record: JobRecord) -> None:
        progress = tuple(told for run in record.runs.values() if (told := run.told) is not None)
        update = JobUpdate(
            record.sequence,
            "progress",
            self._elapsed(record),
            state=record.state.value,
            done=sum(entry.done for entry in progress),
            total=sum(entry.total for entry in progress),
            datacenters=progress,
            running=_running(record),
        )
        for watch in record.watches or ():
            if not watch.lagging:
                watch.connection.try_send(JobUpdates(watch.job_id, (update,)))

    def _catch_up_soon(self, watch: Watch) -> None:
        if watch.lagging:
            return
        watch.lagging = True
        behind = self._lagging.get(watch.connection)
        if behind is None:
            self._lagging[watch.connection] = deque((watch,))
            self._begun.append(watch.connection)
            self._arm(LAG_SECONDS)
        else:
            behind.append(watch)

    async def _catch_up(self, connection: Connection) -> None:
        """Send what the watchers of a connection missed, one after the other."""
        behind = self._lagging[connection]
        try:
            while behind and not connection.closed:
                try:
                    await self._bring_up(behind[0])
                except LedgerUnavailable:
                    behind.rotate(-1)
                    await self._state.clock.sleep(LAG_SECONDS)
                else:
                    behind.popleft().lagging = False
        except TimeoutError:
            await connection.close("the client reads too slowly")
        except ConnectError:
            return
        finally:
            del self._lagging[connection]

    async def _bring_up(self, watch: Watch) -> None:
        """Send what one watcher missed, page by page, as fast as it takes it.

        A page is read once there is room for it: what waits for a slow reader is no page.

        Raises:
            LedgerUnavailable: it cannot be read now.
            TimeoutError: the client takes no byte.
            ConnectError: the connection ended.
        """
        slow_seconds = self._state.settings.slow_client_seconds
        empty, rows = 0, FEW_ROWS
        while not watch.connection.closed:
            async with asyncio.timeout(slow_seconds):
                await watch.connection.room()
            async with self._reads:
                missed, rows = await self._story(watch.job_id, watch.sent, rows)
            if not missed and (watch.sent >= watch.latest or empty == EMPTY_READS):
                return
            if not missed:
                empty += 1
                await self._state.clock.sleep(LAG_SECONDS)
                continue
            async with asyncio.timeout(slow_seconds):
                await watch.connection.send(JobUpdates(watch.job_id, missed))
            watch.sent = missed[-1].sequence

    async def _story(
        self, job_id: str, after: int, limit: int
    ) -> tuple[tuple[JobUpdate, ...], int]:
        """Durable updates over `after`: events and results, in sequence, one page.

        A write between the two reads may show its results and not yet its events: what is
        behind such a gap is left for the next page.
        With them, how many rows the next page may have: few where results are large.
        """
        ledger = self._state.ledger
        events = await ledger.events(job_id, after=after, limit=limit)
        results = await ledger.results(job_id, after=after, limit=limit)
        updates = [_decode_update(event.detail) for event in events]
        updates += [result_update(decode_result(row.body), row.sequence, 0.0) for row in results]
        updates.sort(key=lambda update: update.sequence)
        small = sum(len(row.body) for row in results) < PAGE_BYTES // (CATCH_UP_ROWS // FEW_ROWS)
        whole = [u for u, due in zip(updates, count(after + 1), strict=False) if u.sequence == due]
        return tuple(whole[:limit]), CATCH_UP_ROWS if small else FEW_ROWS

    async def _watch(
        self, context: Context, message: WatchJob
    ) -> WatchStarted | Redirect | Gone | Refused:
        """Push the job from here on; where it has lost its owner, wait for the next one.

        A client that asked meanwhile hears of the takeover with its first step.
        """
        answer = await self._watch_now(context, message)
        if not isinstance(answer, Refused) or self._waiting >= WAIT_AT_ONCE:
            return answer
        self._waiting += 1
        try:
            give_up_at = self._state.clock.now() + OWNER_SECONDS
            while isinstance(answer, Refused) and not context.connection.closed:
                if self._state.clock.now() >= give_up_at:
                    break
                await self._state.takes_over(message.job_id, LOOK_SECONDS)
                answer = await self._watch_now(context, message)
        finally:
            self._waiting -= 1
        return answer

    async def _watch_now(
        self, context: Context, message: WatchJob
    ) -> WatchStarted | Redirect | Gone | Refused:
        record = self._state.records.get(message.job_id)
        if record is not None:
            self.attach(record, context.connection, message.after_sequence)
            return WatchStarted(record.job_id, record.state.value, record.sequence)
        where = await self._state.elsewhere(message.job_id)
        if isinstance(where, Redirect):
            return where
        stored = await self._state.ledger.head(message.job_id)
        if stored is None:
            return Gone(message.job_id)
        if stored.row.elapsed_seconds is None:
            return Refused("no_owner", "the job changes its owner", retry_after_seconds=0.2)
        watch = Watch(context.connection, message.job_id, message.after_sequence)
        self._catch_up_soon(watch)
        return WatchStarted(message.job_id, stored.row.state, stored.sequence)

    def _unwatch(self, context: Context, message: UnwatchJob) -> Done:
        record = self._state.records.get(message.job_id)
        if record is not None and record.watches:
            record.watches = [w for w in record.watches if w.connection is not context.connection]
        return Done()

    @staticmethod
    def _forget_closed(record: JobRecord) -> None:
        if record.watches and any(watch.connection.closed for watch in record.watches):
            record.watches = [w for w in record.watches if not w.connection.closed] or None


def result_update(result: WorkflowResult, sequence: int, elapsed: float) -> JobUpdate:
    """A final result as a step of the story."""
    return JobUpdate(
        sequence,
        "workflow",
        elapsed,
        state=result.state,
        workflow=result.workflow,
        datacenter=result.datacenter,
        worker=result.worker,
        attempt=result.attempt,
        reason=result.error,
    )


def _running(record: JobRecord) -> tuple[tuple[str, int, int, int], ...]:
    """How far the workflows are that say so, those of a large job not all."""
    return tuple(
        (entry.workflow, entry.attempt, entry.done, entry.total)
        for run in record.runs.values()
        for entry in islice((run.entries or {}).values(), PUSHED_WORKFLOWS)
        if entry.total and (entry.workflow, run.datacenter) not in record.results
    )
