"""A job as its submitter lives it: accepted or refused, followed, collected."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from distributed.errors import JobRejected, ShoalError

if TYPE_CHECKING:
    from distributed.client.job import JobHandle
    from distributed.messages.job import Job
    from distributed.messages.submission import JobResult, JobUpdate
    from distributed.testing.processes import SimProcess
    from distributed.testing.virtual_loop import VirtualLoop


class Submission:
    """One job from the moment a client submits it.

    Attributes:
        job_id: "" until a gate accepted it.
        refusal: why it was not accepted, where it was not.
        updates: what the client saw, in order.
        result: the final answer, once the client has it.
        asked_again: whether a client that lived on had to be made to ask for the result.

    `followed` keeps two submissions that stand for one job from reading one handle's updates.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        process: SimProcess,
        job: Job,
        key: str,
        followed: WeakSet[JobHandle],
    ) -> None:
        self._loop = loop
        self.process = process
        self.job = job
        self.key = key
        self.job_id = ""
        self.accepted_at: float | None = None
        self.ended_at: float | None = None
        self.refusal: ShoalError | None = None
        self.updates: list[JobUpdate] = []
        self.result: JobResult | None = None
        self.failure: BaseException | None = None
        self.asked_again = False
        self.cancel_outcomes: dict[str, str] | None = None
        self.cancel_told_at = 0.0
        self.handle: JobHandle | None = None
        self._life = process.life
        self._followed = followed
        self._tasks: list[asyncio.Task[Any]] = [self._spawn(self._submit())]

    @property
    def accepted(self) -> bool:
        """Whether a gate said that it has the job."""
        return self.accepted_at is not None

    @property
    def state(self) -> str:
        """Final state at the client, "" before."""
        return self.result.state if self.result is not None else ""

    @property
    def client_lives(self) -> bool:
        """Whether the client process that submitted is the one that runs now."""
        return self._life is self.process.life and self._life.alive

    def cancel(self, workflow: str = "") -> None:
        """Ask for the end of the job, or of one workflow."""
        self._tasks.append(self._spawn(self._cancel(workflow)))

    def collect(self) -> asyncio.Task[Any]:
        """Ask anew for the final result, from whatever client process runs now."""
        self.asked_again = self.client_lives
        self._life = self.process.life
        task = self._spawn(self._collect())
        self._tasks.append(task)
        return task

    def _spawn(self, coroutine: Any) -> asyncio.Task[Any]:
        return self._loop.spawn(self.process.life.host, coroutine)

    async def _submit(self) -> None:
        client = self.process.node.client
        try:
            handle = await client.submit(self.job, key=self.key)
        except (JobRejected, ShoalError) as error:
            self.refusal = error
            return
        self.handle = handle
        self.job_id = handle.id
        self.accepted_at = self._loop.time()
        if handle not in self._followed:
            self._followed.add(handle)
            self._tasks.append(self._spawn(self._follow(handle)))
        await self._wait_for_end(handle)

    async def _follow(self, handle: JobHandle) -> None:
        try:
            async for update in handle.updates():
                self.updates.append(update)
        except ShoalError as error:
            self.failure = error

    async def _wait_for_end(self, handle: JobHandle) -> None:
        try:
            outcome = await handle.result(check=False)
        except ShoalError as error:
            self.failure = error
            return
        self.result = outcome.raw
        self.ended_at = self._loop.time()

    async def _collect(self) -> None:
        self.failure = None
        await self._wait_for_end(self.process.node.client.job(self.job_id))

    async def _cancel(self, workflow: str) -> None:
        while self.handle is None:
            if self.refusal is not None:
                return
            await asyncio.sleep(0.05)
        try:
            outcomes = await self.handle.cancel(workflow, reason="the scenario wants it")
        except ShoalError:
            return
        self.cancel_outcomes = {**(self.cancel_outcomes or {}), **outcomes}
        self.cancel_told_at = self._loop.time()
