"""Showing a merged settings tree with where each value came from, secrets hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from distributed.settings.sources import Loaded, settings_of

HIDDEN = "(hidden)"


class Row(msgspec.Struct, frozen=True):
    """One setting as shown."""

    path: str
    value: Any
    origin: str
    variable: str


def rows(loaded: Loaded[Any]) -> Iterator[Row]:
    """Every setting in order of definition."""
    for setting in settings_of(type(loaded.tree)):
        value: Any = loaded.tree
        for part in setting.path.split("."):
            value = getattr(value, part)
        if setting.secret and value:
            value = HIDDEN
        yield Row(setting.path, value, loaded.origins[setting.path], setting.variable)
