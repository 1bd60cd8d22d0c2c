"""Measures running attempts that have limits, from outside their process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .held import Held
from .limits import LimitWatch, Verdict, process_tree_usage


class LimitTimer:
    """Samples every attempt it watches at one interval and reports breaches.

    `on_verdict(held, reason, kill)` hears of a warning once and of a breach until it ends.
    """

    def __init__(
        self, interval_seconds: float, on_verdict: Callable[[Held, str, bool], None]
    ) -> None:
        self._interval = interval_seconds
        self._on_verdict = on_verdict
        self._watched: dict[Held, LimitWatch] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, held: Held) -> None:
        """Measure `held` from now on."""
        assert held.child is not None
        workflow = held.assignment.workflow
        baseline = process_tree_usage(held.child.pid)
        self._watched[held] = LimitWatch(workflow.memory_bytes, workflow.cpu_seconds, baseline)
        self._arm()

    def forget(self, held: Held) -> None:
        """It ended."""
        self._watched.pop(held, None)

    def stop(self) -> None:
        """Measure nothing more."""
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is None and self._watched:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._interval, self._sample)

    def _sample(self) -> None:
        self._timer = None
        for held, watch in list(self._watched.items()):
            child = held.child
            usage = process_tree_usage(child.pid) if child is not None else None
            if usage is None:
                continue
            verdict = watch.judge(usage)
            if verdict is not Verdict.FINE:
                self._on_verdict(held, watch.reason, verdict is Verdict.KILL)
        self._arm()
