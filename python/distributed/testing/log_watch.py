"""Every log line of a run, kept by node; errors that no scenario expects fail it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable

import msgspec

LOGGER = "distributed"


class LogLine(msgspec.Struct, frozen=True):
    """One line. `trouble` is the traceback where there is one."""

    at: float
    level: int
    node: str
    text: str
    trouble: str = ""


class LogWatch(logging.Handler):
    """Catches what the roles log while it is attached.

    Args:
        now: virtual seconds.
        on_line: hears every line.
        level: least level to catch.
    """

    def __init__(
        self,
        now: Callable[[], float],
        on_line: Callable[[LogLine], None],
        *,
        level: int = logging.WARNING,
    ) -> None:
        super().__init__(level)
        self._now = now
        self._on_line = on_line
        self._expected: list[re.Pattern[str]] = []
        self._before: tuple[int, bool] = (logging.NOTSET, True)
        self._formatter = logging.Formatter()
        self.unexpected: list[LogLine] = []

    def expect(self, patterns: Iterable[str]) -> None:
        """Errors that match one of these do not fail the run."""
        self._expected += [re.compile(pattern) for pattern in patterns]

    def attach(self) -> None:
        """Begin to listen; lines go nowhere else meanwhile."""
        logger = logging.getLogger(LOGGER)
        self._before = (logger.level, logger.propagate)
        logger.setLevel(self.level)
        logger.propagate = False
        logger.addHandler(self)

    def detach(self) -> None:
        """Listen no more."""
        logger = logging.getLogger(LOGGER)
        logger.removeHandler(self)
        logger.setLevel(self._before[0])
        logger.propagate = self._before[1]

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record."""
        trouble = self._formatter.formatException(record.exc_info) if record.exc_info else ""
        node = str(getattr(record, "node", "")) or record.name
        line = LogLine(self._now(), record.levelno, node, record.getMessage(), trouble)
        if record.levelno >= logging.ERROR and not self._is_expected(line):
            self.unexpected.append(line)
        self._on_line(line)

    def _is_expected(self, line: LogLine) -> bool:
        return any(pattern.search(line.text) for pattern in self._expected)
