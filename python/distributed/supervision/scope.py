"""Everything a role holds for one job, closed as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from distributed.clock import WheelTimers
    from distributed.supervision.supervisor import Factory, Policy, Supervisor
    from distributed.telemetry.logs import BoundLogger

Disposer = Callable[[], object]
Action = Callable[[], None]


class JobScope:
    """Collects disposers, tasks and timers of a job; `close` runs the first newest first.

    Closing goes on past errors and logs each with what it was about. After the close,
    registering disposes at once, so that a late registration cannot leak.
    """

    __slots__ = (
        "_closed",
        "_disposers",
        "_keys",
        "_logger",
        "_supervisor",
        "_timers",
        "job_id",
    )

    def __init__(
        self,
        job_id: str,
        supervisor: Supervisor,
        logger: BoundLogger,
        timers: WheelTimers,
    ) -> None:
        self.job_id = job_id
        self._supervisor = supervisor
        self._logger = logger
        self._timers = timers
        self._keys: dict[str, int] = {}
        self._disposers: dict[str, Disposer] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` has begun."""
        return self._closed

    @property
    def held(self) -> tuple[str, ...]:
        """Names of what is registered, oldest first, then those of timers."""
        return (*self._disposers, *self._keys)

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

    def timer(self, name: str, seconds: float, action: Action) -> None:
        """Have `action` run once, in `seconds`; a second timer of the name replaces the first.

        It may close this scope. What it raises is logged with the job and counted. A closed
        scope takes no timer: nothing is left to be done for the job.
        """
        if self._closed:
            return
        self.cancel(name)
        self._keys[name] = self._timers.call_later(seconds, self._due, name, action)

    def cancel(self, name: str) -> None:
        """Keep the timer of that name from running; nothing happens where there is none."""
        key = self._keys.pop(name, None)
        if key is not None:
            self._timers.cancel(key)

    def _due(self, name: str, action: Action) -> None:
        self._keys.pop(name, None)
        try:
            action()
        except Exception as error:  # noqa: BLE001 - a failed timer is reported like a failed task
            self._supervisor.timer_failed(name, error, job=self.job_id)

    def close(self) -> None:
        """Drop the timers and dispose of the rest, newest first. Safe to call twice.

        A task of the scope that closes it is cancelled where it next awaits anything.
        """
        self._closed = True
        for name in tuple(self._keys):
            self.cancel(name)
        while self._disposers:
            name, disposer = self._disposers.popitem()
            try:
                disposer()
            except Exception as error:  # noqa: BLE001 - one failing disposer must not leak the others
                self._logger.bind(job=self.job_id).error(
                    "closing %s failed: %s", name, error, exc_info=error
                )
