"""One job as its client sees it: updates from where it left off, the result, cancellation."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec

from distributed.errors import ClosedError, JobGone, TransportError
from distributed.messages.base import Gone
from distributed.messages.cancel import CancelJob, CancelOutcome
from distributed.messages.submission import (
    ExplainJob,
    Explanation,
    FetchLogs,
    FetchResult,
    JobEvents,
    JobHistory,
    JobLogs,
    JobPending,
    JobResult,
    JobUpdate,
    JobView,
    ShowJob,
    WatchJob,
    WatchStarted,
)
from distributed.transport.interface import Connection
from distributed.types import Address, JobState

from .gates import ANY
from .outcome import Outcome
from .values import Values

if TYPE_CHECKING:
    from .client import Client

FOLLOW_PAUSE_SECONDS = 0.25
"""Longest pause between rounds over the gates while a job's next owner is looked for."""
FINAL = frozenset(state.value for state in JobState if state.final)


class JobHandle:
    """A job at its client. Made by `Client.submit` and `Client.job`."""

    def __init__(self, client: Client, job_id: str, gate: Address = ANY) -> None:
        self._client = client
        self._gate = gate
        self._updates: deque[JobUpdate] = deque()
        self._result: JobResult | None = None
        self._seen = 0
        self._progressed = 0.0
        self._ended = False
        self._error: Exception | None = None
        self._connection: Connection | None = None
        self._news = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._waiting = 0
        self._gaps = 0
        self._left_off: int | None = None
        self._values = Values(client.gates)
        self.id = job_id
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<JobHandle {self.id}>"

    async def result(
        self, *, timeout: float | None = None, check: bool = True, values: bool = True
    ) -> Outcome:
        """Wait for the end of the job: while any gate answers, whoever owns the job meanwhile.

        Args:
            timeout: seconds to wait; None waits for as long as it takes.
            check: raise where the job did not complete.
            values: fetch values over 1 MiB too; else `value` fetches one at a time.

        Raises:
            JobFailed: it ended otherwise; the cause is the first workflow's failure.
            JobGone: no gate knows the job.
            ConnectError: for the client's patience no gate answered, or only pointed to one that
                did not; the job goes on.
            TimeoutError: it had not ended in time; it goes on.
        """
        async with asyncio.timeout(timeout):
            while self._result is None:
                self._check_alive()
                self._follow()
                await self._wait()
            if self._result.more:
                self._result = await self._values.complete(self._result, self._gate)
            if values:
                self._result = await self._values.fetched(self._result, self._gate)
        outcome = Outcome(self._result)
        return outcome.check() if check else outcome

    async def value(self, workflow: str, *, datacenter: str = "") -> Any:
        """The return value of one workflow of an ended job, however large.

        Args:
            workflow: its name.
            datacenter: where it ran, for a replicated job; any without it.

        Raises:
            KeyError: the job has no result of that name there.
            WorkflowFailed: it ended without a value.
            JobGone: no gate knows the job.
        """
        outcome = await self.result(check=False, values=False)
        result = outcome.result_of(workflow, datacenter)
        raw = await self._values.value(self.id, result, self._gate)
        return msgspec.msgpack.decode(raw) if raw else None

    async def updates(self) -> AsyncIterator[JobUpdate]:
        """Steps of the job as they happen, until it ends.

        Durable steps come each exactly once and in order, across gate changes; progress is
        the newest there is. Of a reader so slow that `progress_queue` steps wait, the rest is
        asked for again once it has read those.

        Raises:
            JobGone: no gate knows the job.
        """
        while True:
            while self._updates:
                yield self._updates.popleft()
            if self._left_off is not None:
                self._go_back(self._left_off)
            if self._ended:
                return
            self._check_alive()
            self._follow()
            await self._wait()

    async def cancel(self, workflow: str = "", *, reason: str = "") -> dict[str, str]:
        """Cancel the job, or one workflow and what depends on it.

        Returns what became of each workflow: `cancelled`, `finished` or `unreachable`.

        Raises:
            JobGone: no gate knows the job.
        """
        settings = self._client.settings
        reply, self._gate = await self._client.gates.ask(
            CancelJob(self.id, workflow, reason), first=self._gate, timeout=settings.cancel_seconds
        )
        self._check_known(reply)
        assert isinstance(reply, CancelOutcome)
        return dict(reply.outcomes)

    async def show(self) -> JobView:
        """Where the job and each workflow stand."""
        reply, _ = await self._client.gates.ask(ShowJob(self.id), first=self._gate)
        self._check_known(reply)
        assert isinstance(reply, JobView)
        return reply

    async def history(self, *, after: int = 0) -> JobEvents:
        """The durable steps after a sequence."""
        reply, _ = await self._client.gates.ask(JobHistory(self.id, after), first=self._gate)
        self._check_known(reply)
        assert isinstance(reply, JobEvents)
        return reply

    async def explain(self) -> Explanation:
        """Every routing decision of the job."""
        reply, _ = await self._client.gates.ask(ExplainJob(self.id), first=self._gate)
        self._check_known(reply)
        assert isinstance(reply, Explanation)
        return reply

    async def logs(self, workflow: str = "", *, after: int = 0) -> JobLogs:
        """Captured output, page by page: `next_line` of the answer is `after` of the next call."""
        message = FetchLogs(self.id, workflow, after)
        reply, _ = await self._client.gates.ask(message, first=self._gate)
        self._check_known(reply)
        assert isinstance(reply, JobLogs)
        return reply

    # what the client's connection delivers

    def watched(self, connection: Connection) -> None:
        """Updates come on this connection already: no request is needed for them."""
        self._connection = connection
        self._client.watch_for_close(connection)

    def owned_by(self, gate: Address) -> None:
        """The gate to ask first."""
        self._gate = gate

    def push(self, updates: tuple[JobUpdate, ...]) -> None:
        """Updates came."""
        for update in updates:
            if update.kind == "progress":
                if update.elapsed_seconds < self._progressed:
                    # Held up on its way, or on a connection from before: what is shown is newer.
                    continue
                self._progressed = update.elapsed_seconds
                if self._updates and self._updates[-1].kind == "progress":
                    self._updates.pop()
            elif update.sequence <= self._seen and not _passing(update):
                continue
            elif not _passing(update):
                if update.sequence > self._seen + 1:
                    self._ask_again()
                    break
                self._seen = update.sequence
                self._gaps = 0
            self._keep(update)
            if update.kind == "state" and update.state in FINAL:
                self._ended = True
        self._news.set()
        if self._ended and self._result is None:
            self._follow()

    def _keep(self, update: JobUpdate) -> None:
        """Keep an update for the reader; over the bound progress goes, steps are left behind."""
        most = self._client.settings.progress_queue
        if self._left_off is None and len(self._updates) >= most:
            steps = [held for held in self._updates if not _passing(held)]
            self.dropped += len(self._updates) - len(steps)
            self._updates = deque(steps)
            if len(steps) > most // 2:
                self._left_off = steps[-1].sequence
        if self._left_off is None:
            self._updates.append(update)
        elif _passing(update):
            self.dropped += 1

    def _go_back(self, sequence: int) -> None:
        """Ask for the steps that came while there was no room for them."""
        self._seen, self._left_off = sequence, None
        self._ended = False
        self._connection = None

    def _ask_again(self) -> None:
        """A step is missing: have the gate send everything from there on."""
        if self._keeper is None or self._keeper.done():
            self._gaps += 1
            self._connection = None
            self._follow()

    def deliver(self, result: JobResult) -> None:
        """The final result came."""
        self._result = result
        self._news.set()
        if self._ended:
            self._client.forget(self)

    def fail(self, error: Exception) -> None:
        """Nothing more will come."""
        self._error = error
        self._news.set()

    # keeping up

    def _follow(self) -> None:
        """See to it that updates come, or the result; in the background."""
        if self._keeper is not None and not self._keeper.done():
            return
        watched = self._connection is not None and not self._connection.closed
        if watched and not (self._ended and self._result is None):
            return
        self._keeper = self._client.spawn(f"follow {self.id}", self._keep_up)

    async def _keep_up(self) -> None:
        try:
            if self._gaps > 1:
                pause = self._client.settings.first_pause_seconds * 2.0 ** min(self._gaps, 16)
                longest = self._client.settings.longest_pause_seconds
                await self._client.clock.sleep(min(pause, longest))
            final = self._ended or await self._watch()
            if final and self._result is None:
                await self._fetch()
        except (TransportError, JobGone) as error:
            self.fail(error)

    async def _watch(self) -> bool:
        """Have updates sent from where this client is; whether the job has ended."""
        self._client.remember(self)
        while True:
            reply, self._gate, connection = await self._client.gates.converse(
                lambda _tries: WatchJob(self.id, self._seen),
                first=self._gate,
                longest_pause=FOLLOW_PAUSE_SECONDS,
                waits=True,
            )
            self._check_known(reply)
            assert isinstance(reply, WatchStarted)
            if not connection.closed or reply.state in FINAL:
                break
        self.watched(connection)
        if reply.state in FINAL and reply.sequence <= self._seen:
            self._ended = True
            self._news.set()
        return reply.state in FINAL

    async def _fetch(self) -> None:
        """The result itself, once the job has ended: the push may have been too large."""
        pause = self._client.settings.first_pause_seconds
        while self._result is None:
            reply, self._gate = await self._client.gates.ask(
                FetchResult(self.id), first=self._gate, waits=True
            )
            self._check_known(reply)
            if isinstance(reply, JobResult):
                self.deliver(reply)
                return
            assert isinstance(reply, JobPending)
            await self._client.clock.sleep(pause)
            pause = min(2 * pause, self._client.settings.longest_pause_seconds)

    def lost(self, connection: Connection) -> None:
        """The gate went away, or lost the job: another is asked, from where it left off."""
        if self._connection is connection and not self._client.closed:
            self._connection = None
            if not self._ended and self._waiting:
                self._follow()

    async def _wait(self) -> None:
        """Wait for news; after a long silence the gate is asked anew whether there is any."""
        self._news.clear()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._client.settings.quiet_seconds):
                await self._news.wait()
        except TimeoutError:
            self._connection = None
        finally:
            self._waiting -= 1

    def _check_alive(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._client.closed:
            raise ClosedError("the client is closed")

    def _check_known(self, reply: object) -> None:
        if isinstance(reply, Gone):
            raise JobGone(self.id)


def _passing(update: JobUpdate) -> bool:
    """Whether an update is no durable step: it repeats a sequence and may be lost."""
    if update.kind in ("progress", "log"):
        return True
    return update.kind == "workflow" and update.state not in FINAL
