"""Where a node's log lines go: standard error, as text for people or JSON for collectors."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from distributed.clock import SystemClock
from distributed.telemetry.logs import FIELDS, RepeatLimiter

if TYPE_CHECKING:
    from distributed.settings.sections import LogSection


def configure(section: LogSection) -> None:
    """Install one handler on the package's logger tree, for this process."""
    as_json = section.format == "json" or (section.format == "auto" and not sys.stderr.isatty())
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(allow=[*FIELDS, "reason", "context"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    handler.addFilter(RepeatLimiter(SystemClock().now))
    logger = logging.getLogger("distributed")
    logger.handlers = [handler]
    logger.setLevel(section.level.upper())
    logger.propagate = False
