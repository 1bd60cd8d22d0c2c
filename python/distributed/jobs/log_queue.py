"""Captured lines of one job that wait to be passed on: the newest of them, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from distributed.messages.progress import WorkerLog


class LogQueue:
    """Of too many lines the oldest go first; the next message that leaves says how many.

    Attributes:
        lines: how many wait.
    """

    __slots__ = ("_dropped", "_logs", "lines")

    def __init__(self) -> None:
        self._logs: deque[WorkerLog] = deque()
        self._dropped = 0
        self.lines = 0

    def put(self, log: WorkerLog, limit: int) -> int:
        """Keep captured lines, at most about `limit` in all; how many older ones that cost."""
        self._logs.append(log)
        self.lines += len(log.lines)
        cost = 0
        while self.lines > limit and len(self._logs) > 1:
            oldest = self._logs.popleft()
            self.lines -= len(oldest.lines)
            self._dropped += len(oldest.lines) + oldest.dropped
            cost += len(oldest.lines)
        return cost

    def take(self) -> list[WorkerLog]:
        """What is kept; the first says how many lines before it are gone."""
        logs = list(self._logs)
        if logs and self._dropped:
            dropped = logs[0].dropped + self._dropped
            logs[0] = msgspec.structs.replace(logs[0], dropped=dropped)
            self._dropped = 0
        self._logs.clear()
        self.lines = 0
        return logs

    def put_back(self, logs: Sequence[WorkerLog]) -> None:
        """What was taken and could not be passed on goes before what came meanwhile."""
        self._logs.extendleft(reversed(logs))
        self.lines += sum(len(log.lines) for log in logs)

    def clear(self) -> None:
        """Forget them."""
        self._logs.clear()
        self.lines = self._dropped = 0
