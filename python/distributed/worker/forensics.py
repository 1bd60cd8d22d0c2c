"""The worker's event log: what it did last, readable after a crash.

One JSON object a line, written to the kernel at the end of each turn of the event loop, so
that a process killed at any instant leaves all that it had done before that turn. Not synced:
a machine that loses power may lose the tail.
"""

from __future__ import annotations

import asyncio
import os

import msgspec

from distributed.clock import Clock
from distributed.messages.dispatch import Assignment

PENDING = 10_000


class EventLog:
    """Appends events to `path`, rotated once at `max_bytes`; `path` "" writes nothing.

    Noting never waits and never raises: what cannot be written is dropped and counted.
    """

    def __init__(self, path: str, max_bytes: int, clock: Clock) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._pending: list[dict[str, object]] = []
        self._descriptor: int | None = None
        self._written = 0
        self._scheduled = False
        self._sequence = 0
        self.dropped = 0

    def note(self, event: str, assignment: Assignment | None = None, **fields: object) -> None:
        """Write that `event` happened."""
        if not self._path:
            return
        if len(self._pending) >= PENDING:
            self.dropped += 1
            return
        self._sequence += 1
        line: dict[str, object] = {"n": self._sequence, "wall": self._clock.wall(), "event": event}
        if assignment is not None:
            line["job"] = assignment.job_id
            line["workflow"] = assignment.workflow.name
            line["attempt"] = assignment.attempt
            line["dispatch"] = assignment.dispatch_id
        line.update((name, value) for name, value in fields.items() if value not in ("", None))
        self._pending.append(line)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write what is pending now."""
        self._scheduled = False
        lines, self._pending = self._pending, []
        if not lines:
            return
        data = msgspec.json.Encoder().encode_lines(lines)
        try:
            os.write(self._open(len(data)), data)
            self._written += len(data)
        except OSError:
            self.dropped += len(lines)

    def close(self) -> None:
        """Write what is pending and close the file."""
        self.flush()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, size: int) -> int:
        if self._descriptor is not None and self._written + size > self._max_bytes:
            os.close(self._descriptor)
            self._descriptor = None
            os.replace(self._path, f"{self._path}.1")
        if self._descriptor is None:
            os.makedirs(os.path.dirname(self._path) or ".", exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._descriptor = os.open(self._path, flags, 0o600)
            self._written = os.fstat(self._descriptor).st_size
        return self._descriptor
