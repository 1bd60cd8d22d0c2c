"""Limits that a running node takes anew: bounds that are read each time they are held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from distributed.errors import ConfigError

T = TypeVar("T", bound=msgspec.Struct)


def limits_of(section: msgspec.Struct, live: Iterable[str]) -> dict[str, float]:
    """What each limit stands at."""
    return {name: getattr(section, name) for name in live}


def with_limits(section: T, limits: Mapping[str, float], live: Iterable[str]) -> T:
    """The section with these limits, whole or not at all.

    Raises:
        ConfigError: one is not to be changed while the node runs, or is no such number.
    """
    known = tuple(live)
    kinds = {field.name: field.type for field in msgspec.structs.fields(section)}
    taken: dict[str, float] = {}
    for name, value in limits.items():
        if name not in known:
            raise ConfigError(
                f"is no limit of a running node here; there are {', '.join(known)}", field=name
            )
        if not 0 <= value < float("inf"):
            raise ConfigError(f"{value} is not a limit: 0 or more", field=name)
        if kinds[name] is int:
            if value != int(value):
                raise ConfigError(f"{value} must be whole", field=name)
            value = int(value)
        taken[name] = value
    return msgspec.structs.replace(section, **taken)
