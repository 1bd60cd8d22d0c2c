"""Changing at run time what is logged."""

from __future__ import annotations

import logging

from distributed.errors import ConfigError

LEVELS = ("debug", "info", "warning", "error")
TREE = "distributed"


def set_level(logger: str, level: str) -> None:
    """Set the lowest level that a tree of loggers writes.

    Raises:
        ConfigError: no such level, or a tree that is not this package's.
    """
    if level not in LEVELS:
        raise ConfigError(f"{level!r} is none of {', '.join(LEVELS)}", field="level")
    if logger != TREE and not logger.startswith(f"{TREE}."):
        raise ConfigError(f"{logger!r} is not {TREE} or below it", field="logger")
    logging.getLogger(logger).setLevel(level.upper())
