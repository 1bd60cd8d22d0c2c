"""Workflows for the first job: plain functions, named by import path."""

from __future__ import annotations

import math
from typing import Any


def roots(ctx: Any, *, up_to: int) -> list[float]:
    """Square roots of 1 to `up_to`, with progress."""
    found = []
    for number in range(1, up_to + 1):
        found.append(math.sqrt(number))
        ctx.progress(number, up_to)
    return found


def total(ctx: Any) -> float:
    """The sum of what `roots` found; results of `after` arrive in `ctx.results`."""
    return round(math.fsum(ctx.results["roots"]), 3)
