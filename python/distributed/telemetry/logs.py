"""Log lines that name their node and, where there is one, their job.

Library code never configures handlers: it logs through these adapters, and whoever owns
the process decides where lines go.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any

FIELDS = ("node", "role", "job", "workflow", "attempt", "epoch", "peer")


class BoundLogger(logging.LoggerAdapter[logging.Logger]):
    """Adds its fields to each record, under the names in `FIELDS`."""

    def __init__(self, logger: logging.Logger, **fields: object) -> None:
        super().__init__(logger, fields)

    def bind(self, **fields: object) -> BoundLogger:
        """The same logger with more fields."""
        return BoundLogger(self.logger, **{**(self.extra or {}), **fields})

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Merge the bound fields with those of the call."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def node_logger(role: str, name: str) -> BoundLogger:
    """The logger of one node."""
    return BoundLogger(logging.getLogger(f"distributed.{role}"), node=name, role=role)


class RepeatLimiter(logging.Filter):
    """Lets the first `burst` records of one message through each `window_seconds`.

    The first record after a quiet window says how many were held back. `now` gives
    monotonic seconds. The table of messages is bounded; the oldest goes first.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        burst: int = 20,
        window_seconds: float = 10.0,
        capacity: int = 1000,
    ) -> None:
        super().__init__()
        self._now = now
        self._burst = burst
        self._window = window_seconds
        self._capacity = capacity
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let the record through."""
        key = (record.name, str(record.msg))
        now = self._now()
        started, count = self._seen.pop(key, (now, 0))
        if now - started > self._window:
            held = count - self._burst
            if held > 0:
                record.msg = f"{record.msg} ({held} more like it were held back)"
            started, count = now, 0
        self._seen[key] = (started, count + 1)
        if len(self._seen) > self._capacity:
            self._seen.pop(next(iter(self._seen)))
        return count < self._burst
