"""Background tasks of one node: named, counted, restarted or fatal by declared policy."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

    from distributed.clock import Clock
    from distributed.telemetry.logs import BoundLogger
    from distributed.telemetry.metrics import Metrics

Factory = Callable[[], Coroutine[Any, Any, object]]


class Policy(enum.Enum):
    """What the end of a task by an error means."""

    ONCE = "once"
    """Logged and counted; the task is over."""
    RESTART = "restart"
    """Logged and counted, then started again after a growing pause."""
    STOP = "stop"
    """Logged and counted, and the node stops."""


class Supervisor:
    """Owns every task of one node; nobody else makes any.

    A task that raises is logged with its name and context and counted, then handled by its
    policy. `stop` cancels what is left and waits for it.
    """

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        logger: BoundLogger,
        metrics: Metrics,
        *,
        on_fatal: Callable[[str, BaseException], None] | None = None,
        first_pause_seconds: float = 0.1,
        longest_pause_seconds: float = 10.0,
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._logger = logger
        self._metrics = metrics
        self._on_fatal = on_fatal
        self._first_pause = first_pause_seconds
        self._longest_pause = longest_pause_seconds
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._stopping = False

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the tasks that have not ended, sorted."""
        return tuple(sorted(task.get_name() for task in self._tasks))

    def spawn(
        self, name: str, factory: Factory, *, policy: Policy = Policy.ONCE, **context: object
    ) -> asyncio.Task[None]:
        """Run `factory()` in the background; `context` goes on the log line of a failure.

        Raises:
            RuntimeError: the supervisor is stopping.
        """
        if self._stopping:
            raise RuntimeError(f"cannot start {name}: the node is stopping")
        task = asyncio.get_running_loop().create_task(
            self._supervised(name, factory, policy, context), name=name
        )
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    def timer_failed(self, name: str, error: Exception, **context: object) -> None:
        """Log and count what a timer's action raised."""
        self._metrics.count("timer_failures", kind=name.partition(":")[0])
        self._logger.bind(**context).error("timer %s failed: %s", name, error, exc_info=error)

    async def stop(self, *, timeout_seconds: float = 5.0) -> None:
        """Cancel every task and wait for their ends; those that resist are logged.

        Safe to call twice, and from a supervised task, which is left to end by itself.
        """
        self._stopping = True
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel("the node is stopping")
        if not tasks:
            return
        _, pending = await asyncio.wait(tasks, timeout=timeout_seconds)
        for task in pending:
            self._logger.error("task %s did not end when cancelled", task.get_name())

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)

    async def _supervised(
        self, name: str, factory: Factory, policy: Policy, context: dict[str, object]
    ) -> None:
        pause = self._first_pause
        while True:
            started = self._clock.now()
            try:
                await factory()
                return
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - every failure of any task ends up here
                self._report(name, error, policy, context)
                if policy is Policy.STOP and self._on_fatal is not None:
                    self._on_fatal(name, error)
                if policy is not Policy.RESTART:
                    return
            if self._clock.now() - started > self._longest_pause:
                pause = self._first_pause
            await self._clock.sleep(pause * (0.5 + self._rng.random()))
            pause = min(pause * 2, self._longest_pause)

    def _report(
        self, name: str, error: Exception, policy: Policy, context: dict[str, object]
    ) -> None:
        self._metrics.count("task_failures", task=name.partition(":")[0])
        self._logger.bind(**context).error(
            "task %s failed (%s): %s", name, policy.value, error, exc_info=error
        )


async def settle(name: str, action: Callable[[], Awaitable[object]], logger: BoundLogger) -> bool:
    """Run one step of a shutdown; a failure is logged and the shutdown goes on."""
    try:
        await action()
    except Exception as error:
        logger.error("%s failed while closing: %s", name, error, exc_info=error)
        return False
    return True
