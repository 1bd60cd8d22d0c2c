"""Latency sketches: percentiles that can be merged, never averaged.

The sketch itself is native (DDSketch: Masson, Rim and Lee, VLDB 2019): one percent relative
error, integer counts, exact merging in any order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from distributed._native import LatencySketch

__all__ = ["LatencySketch", "Percentiles", "merged", "percentiles"]


class Percentiles(NamedTuple):
    """Seconds below which half, 95% and 99% of the values lie; None while there is none."""

    p50: float | None
    p95: float | None
    p99: float | None


def merged(encoded: Iterable[bytes]) -> LatencySketch:
    """One sketch of everything that the encoded ones counted; empty bytes count nothing.

    Raises:
        ValueError: bytes that no sketch wrote.
    """
    total = LatencySketch()
    for data in encoded:
        if data:
            total.merge(data)
    return total


def percentiles(sketch: LatencySketch) -> Percentiles:
    """The three percentiles that reports show."""
    return Percentiles(sketch.quantile(0.5), sketch.quantile(0.95), sketch.quantile(0.99))
