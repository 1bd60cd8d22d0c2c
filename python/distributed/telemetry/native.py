"""The native agent's figures as readings of one scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .metrics import Reading

DROPPED = "dropped_"
MILLISECONDS = "_ms"


def native_readings(figures: Mapping[str, int]) -> Iterator[Reading]:
    """Figures by their native names; drops by reason become one family, times seconds."""
    for name, value in figures.items():
        if name.startswith(DROPPED):
            reason = name.removeprefix(DROPPED)
            yield Reading("membership_dropped", float(value), {"reason": reason})
        elif name.endswith(MILLISECONDS):
            whole = name.removesuffix(MILLISECONDS)
            yield Reading(f"membership_{whole}_seconds", value / 1e3)
        else:
            yield Reading(f"membership_{name}", float(value))
