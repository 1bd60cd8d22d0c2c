"""Everything a role holds for one job, closed as one."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from distributed.supervision.supervisor import Factory, Policy, Supervisor
    from distributed.telemetry.logs import BoundLogger

Disposer = Callable[[], Awaitable[object] | object]


class JobScope:
    """Collects disposers and tasks of a job; `close` runs them newest first.

    Closing goes on past errors and logs each with what it was about. After the close,
    registering disposes at once, so that a late registration cannot leak.
    """

    __slots__ = ("_closed", "_disposers", "_logger", "_supervisor", "job_id")

    def __init__(self, job_id: str, supervisor: Supervisor, logger: BoundLogger) -> None:
        self.job_id = job_id
        self._supervisor = supervisor
        self._logger = logger
        self._disposers: dict[str, Disposer] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` has begun."""
        return self._closed

    @property
    def held(self) -> tuple[str, ...]:
        """Names of what is registered, oldest first."""
        return tuple(self._disposers)

    def register(self, name: str, disposer: Disposer) -> None:
        """Have `disposer` called at the close; a second one of the name replaces the first.

        Raises:
            RuntimeError: the scope is closed; the disposer was not kept.
        """
        if self._closed:
            raise RuntimeError(f"job {self.job_id} is closed and cannot hold {name}")
        self._disposers[name] = disposer

    def release(self, name: str) -> None:
        """Forget a disposer whose thing is already gone."""
        self._disposers.pop(name, None)

    def spawn(self, name: str, factory: Factory, *, policy: Policy) -> asyncio.Task[None]:
        """A supervised task that the close cancels."""
        task = self._supervisor.spawn(
            f"{name}:{self.job_id}", factory, policy=policy, job=self.job_id
        )
        self.register(name, task.cancel)
        task.add_done_callback(lambda _: self.release(name))
        return task

    async def close(self) -> None:
        """Dispose of everything, newest first; returns when done. Safe to call twice."""
        self._closed = True
        while self._disposers:
            name, disposer = self._disposers.popitem()
            try:
                outcome = disposer()
                if inspect.isawaitable(outcome):
                    await outcome
            except Exception as error:  # noqa: BLE001 - one failing disposer must not leak the others
                self._logger.bind(job=self.job_id).error(
                    "closing %s failed: %s", name, error, exc_info=error
                )
