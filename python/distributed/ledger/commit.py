"""Group commit: whatever is queued while one transaction runs goes into the next.

One loop turns the queue into batches, so that a lone write waits for nobody and a thousand
writes share one disk sync. Submissions fail fast when the database does not answer; writes
about jobs that are already accepted stay queued, in order, until it does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from distributed.clock import Clock
from distributed.errors import ClosedError, LedgerConflict, LedgerError, LedgerUnavailable

from .batch import Outcome
from .interface import Created, JobWrite, NewJob

RunBatch = Callable[
    [Sequence[NewJob], Sequence[JobWrite]], Awaitable[tuple[list[Outcome], list[Outcome]]]
]

Entry = TypeVar("Entry")
_Creates = list[tuple[NewJob, asyncio.Future[Created]]]
_Write = tuple[JobWrite, asyncio.Future[None], Callable[[], object] | None]
_Writes = list[_Write]

TURNS_LET_PASS = 2
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


class GroupCommit:
    """Queues of submissions and writes, and the loop that commits them.

    Args:
        run: commits one batch; raises LedgerUnavailable where it cannot.
        clock: for pauses between attempts during an outage.
        max_batch: jobs in one transaction.
        max_queued: submissions that may wait; more are refused.
    """

    def __init__(
        self, run: RunBatch, clock: Clock, *, max_batch: int = 1000, max_queued: int = 20_000
    ) -> None:
        self._run = run
        self._clock = clock
        self._max_batch = max_batch
        self._max_queued = max_queued
        self._creates: deque[tuple[NewJob, asyncio.Future[Created]]] = deque()
        self._writes: deque[_Write] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._pause = 0.0
        self.available = True

    def create(self, new: NewJob) -> asyncio.Future[Created]:
        """Queue a submission; the future resolves when it is durable."""
        future: asyncio.Future[Created] = asyncio.get_running_loop().create_future()
        if self._closing:
            future.set_exception(ClosedError("the ledger is closed"))
        elif len(self._creates) >= self._max_queued:
            waiting = len(self._creates)
            future.set_exception(
                LedgerUnavailable(f"{waiting} submissions wait for the ledger already")
            )
        else:
            self._creates.append((new, future))
            self._wake.set()
        return future

    def write(
        self, write: JobWrite, durable: Callable[[], object] | None = None
    ) -> asyncio.Future[None]:
        """Queue a write; the future resolves when it is durable, `durable` is called before."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._closing:
            future.set_exception(ClosedError("the ledger is closed"))
            return future
        self._writes.append((write, future, durable))
        self._wake.set()
        return future

    async def serve(self) -> None:
        """Commit until closed and empty."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._creates and not self._writes:
                await self._let_pass()
            while self._creates or self._writes:
                if not await self._turn():
                    if self._closing:
                        self._refuse_all(ClosedError("the ledger closed during an outage"))
                        return
                    await self._clock.sleep(self._pause)
            if self._closing:
                return

    async def _let_pass(self) -> None:
        """Let what was begun beside a submission be sent first: others work on it meanwhile."""
        for _ in range(TURNS_LET_PASS):
            await self._clock.sleep(0.0)

    def close(self) -> None:
        """Take nothing more; `serve` returns once the queue is committed or cannot be."""
        self._closing = True
        self._wake.set()

    def abandon(self) -> None:
        """Fail everything still queued: nobody will commit it."""
        self._closing = True
        self._refuse_all(ClosedError("the ledger is closed"))

    async def _turn(self) -> bool:
        creates = _take(self._creates, self._max_batch)
        writes = _take(self._writes, self._max_batch)
        try:
            await self._commit(creates, writes)
        except LedgerUnavailable as error:
            self._fail(creates, writes, error)
            return False
        except BaseException:
            self._writes.extendleft(reversed(writes))
            self._creates.extendleft(reversed(creates))
            self._wake.set()
            raise
        self.available = True
        self._pause = 0.0
        return True

    async def _commit(
        self,
        creates: _Creates,
        writes: _Writes,
    ) -> None:
        try:
            answers = await self._run([new for new, _ in creates], [write for write, *_ in writes])
        except LedgerUnavailable:
            raise
        except LedgerError as error:
            await self._isolate(creates, writes, error)
            return
        for (_, created), answer in zip(creates, answers[0], strict=True):
            _settle_create(created, answer)
        for (_, written, durable), answer in zip(writes, answers[1], strict=True):
            _settle_write(written, durable, answer)

    async def _isolate(
        self,
        creates: _Creates,
        writes: _Writes,
        error: LedgerError,
    ) -> None:
        """One entry spoils the batch: commit each alone, so that only that one fails."""
        if len(creates) + len(writes) == 1:
            _fail_all([f for _, f in creates], error)
            _fail_all([f for _, f, _ in writes], error)
            return
        for create in creates:
            await self._commit([create], [])
        for write in writes:
            await self._commit([], [write])

    def _fail(
        self,
        creates: _Creates,
        writes: _Writes,
        error: LedgerUnavailable,
    ) -> None:
        self.available = False
        self._pause = min(max(2 * self._pause, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        self._writes.extendleft(entry for entry in reversed(writes) if not entry[1].done())
        _fail_all([f for _, f in (*creates, *self._creates)], error)
        self._creates.clear()

    def _refuse_all(self, error: ClosedError) -> None:
        _fail_all([future for _, future in self._creates], error)
        _fail_all([future for _, future, _ in self._writes], error)
        self._creates.clear()
        self._writes.clear()


def _take(queue: deque[Entry], most: int) -> list[Entry]:
    return [queue.popleft() for _ in range(min(most, len(queue)))]


def _fail_all(futures: Sequence[asyncio.Future[Any]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(type(error)(str(error)))


def _settle_create(future: asyncio.Future[Created], answer: Outcome) -> None:
    if future.done():
        return
    if isinstance(answer, Created):
        future.set_result(answer)
    else:
        future.set_exception(answer or LedgerConflict("the ledger gave no answer"))


def _settle_write(
    future: asyncio.Future[None], durable: Callable[[], object] | None, answer: Outcome
) -> None:
    if future.done():
        return
    if isinstance(answer, LedgerConflict):
        future.set_exception(answer)
        return
    if durable is not None:
        durable()
    future.set_result(None)
