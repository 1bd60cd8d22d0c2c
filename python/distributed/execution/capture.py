"""Bounded capture of what a workflow writes."""

from __future__ import annotations

import io
from collections.abc import Callable
from threading import RLock

MAX_LINE_CHARS = 4096
MAX_LINES = 10_000
BATCH_LINES = 256

Emit = Callable[[str, tuple[str, ...], int], None]
"""Takes the stream's name, lines, and how many were dropped."""


class LineBuffer:
    """Gathers text into lines of one stream, at most `max_lines` for an attempt.

    Lines over `MAX_LINE_CHARS` are cut. What is over the bound is counted, not kept.
    """

    def __init__(self, stream: str, emit: Emit, *, max_lines: int = MAX_LINES) -> None:
        self._stream = stream
        self._emit = emit
        self._max_lines = max_lines
        self._lock = RLock()
        self._partial = ""
        self._lines: list[str] = []
        self._taken = 0
        self._dropped = 0

    def write(self, text: str) -> None:
        """Take `text`, which may hold any number of line ends or none."""
        with self._lock:
            *lines, rest = (self._partial + text).split("\n")
            self._partial = rest[: MAX_LINE_CHARS + 1]
            for line in lines:
                self._take(line)
            if len(self._lines) >= BATCH_LINES:
                self.flush()

    def flush(self) -> None:
        """Emit the whole lines gathered so far; lines of two threads keep their order."""
        with self._lock:
            if not self._lines and not self._dropped:
                return
            lines, self._lines = tuple(self._lines), []
            dropped, self._dropped = self._dropped, 0
            self._emit(self._stream, lines, dropped)

    def finish(self) -> None:
        """Emit everything, an unfinished last line included, and begin anew."""
        with self._lock:
            if self._partial:
                self._take(self._partial)
                self._partial = ""
            self.flush()
            self._taken = 0

    def _take(self, line: str) -> None:
        if self._taken >= self._max_lines:
            self._dropped += 1
            return
        self._taken += 1
        if len(line) > MAX_LINE_CHARS:
            line = line[:MAX_LINE_CHARS] + " …"
        self._lines.append(line)


class CapturedText(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr` in a child."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, buffer: LineBuffer, descriptor: int) -> None:
        self._buffer = buffer
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        """Capture `text`."""
        self._buffer.write(text)
        return len(text)

    def writable(self) -> bool:
        """Always."""
        return True

    def flush(self) -> None:
        """Lines are sent by the child's own rhythm."""

    def fileno(self) -> int:
        """The real descriptor, for those who write below Python."""
        return self._descriptor
