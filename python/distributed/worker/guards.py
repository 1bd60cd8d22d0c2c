"""Guards over the worker's own resources: say busy, refuse work, end the largest."""

from __future__ import annotations

import os
from collections.abc import Callable

from distributed.execution.limits import Usage, process_tree_usage
from distributed.types import WorkflowState

from .record import AttemptRecord, JobRecord
from .running import Running
from .settings import WorkerSettings
from .state import WorkerState

CONFIRMATIONS = 2


class MemoryGuard:
    """Levels from samples of the share of memory in use.

    Up at once for busy and refuse, down only after two samples that agree; a kill needs two
    samples over its threshold, since one may be a passing peak.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._level = "healthy"
        self._calmer = 0
        self._over = 0

    @property
    def level(self) -> str:
        """`healthy`, `busy` or `overloaded`."""
        return self._level

    def sample(self, share: float) -> bool:
        """Take a sample; whether the largest workflow must end."""
        settings = self._settings
        level = "healthy"
        if share >= settings.memory_refuse:
            level = "overloaded"
        elif share >= settings.memory_warn:
            level = "busy"
        order = ("healthy", "busy", "overloaded")
        if order.index(level) >= order.index(self._level):
            self._level, self._calmer = level, 0
        else:
            self._calmer += 1
            if self._calmer >= CONFIRMATIONS:
                self._level, self._calmer = level, 0
        self._over = self._over + 1 if share >= settings.memory_kill else 0
        if self._over >= CONFIRMATIONS:
            self._over = 0
            return True
        return False


class Guards:
    """Measures the worker and its children at one interval and acts on it."""

    def __init__(
        self,
        state: WorkerState,
        running: Running,
        *,
        measure: Callable[[int], Usage | None] = process_tree_usage,
    ) -> None:
        self._state = state
        self._running = running
        self._measure = measure
        self._memory = MemoryGuard(state.settings)

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            await self._state.clock.sleep(self._state.settings.guard_interval_seconds)
            self.sample()

    def sample(self) -> None:
        """Measure once and act."""
        state = self._state
        usage = self._measure(os.getpid())
        if usage is None or not state.settings.memory_bytes:
            return
        kill = self._memory.sample(usage.resident_bytes / state.settings.memory_bytes)
        if self._memory.level != state.memory_level:
            state.logger.warning(
                "memory guard: %s at %d of %d bytes",
                self._memory.level,
                usage.resident_bytes,
                state.settings.memory_bytes,
            )
            state.memory_level = self._memory.level
        if kill:
            self._end_largest()

    def _end_largest(self) -> None:
        largest: tuple[int, JobRecord, AttemptRecord] | None = None
        for record in self._state.records.values():
            for attempt in record.attempts.values():
                if attempt.state is not WorkflowState.RUNNING or not attempt.pid:
                    continue
                usage = self._measure(attempt.pid)
                size = usage.resident_bytes if usage else 0
                if not attempt.ended_by and (largest is None or size > largest[0]):
                    largest = (size, record, attempt)
        if largest is not None:
            size, record, attempt = largest
            self._state.metrics.count("guard_kills")
            reason = f"the worker ran out of memory and this held the most ({size} bytes)"
            self._running.end(record, attempt, "guard", reason)
