"""Laying members out on a plane so that distances come close to round trips."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Pair = tuple[int, int]
ROUNDS = 60


def place(count: int, distances: Mapping[Pair, float]) -> list[tuple[float, float]]:
    """Positions in the unit of the distances, their middle at the origin.

    Minimises stress by majorisation (SMACOF: de Leeuw, 1977), from a circle, so that equal
    input gives equal output. `distances` has (i, j) with i < j; missing pairs pull nowhere.
    """
    if count == 0:
        return []
    around = max(distances.values(), default=1.0) / 2 or 1.0
    spots = [
        (around * math.cos(2 * math.pi * i / count), around * math.sin(2 * math.pi * i / count))
        for i in range(count)
    ]
    neighbours: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for (i, j), distance in distances.items():
        neighbours[i].append((j, distance))
        neighbours[j].append((i, distance))
    for _ in range(ROUNDS):
        spots = [_pulled(i, spots, neighbours[i]) for i in range(count)]
    return _centred(spots)


def strain(spots: Sequence[tuple[float, float]], distances: Mapping[Pair, float]) -> float:
    """Kruskal's stress-1 (1964): 0 is a perfect fit, 0.2 a poor one."""
    wrong = sum((math.dist(spots[i], spots[j]) - d) ** 2 for (i, j), d in distances.items())
    total = sum(d * d for d in distances.values())
    return math.sqrt(wrong / total) if total else 0.0


def _pulled(
    i: int, spots: Sequence[tuple[float, float]], neighbours: Sequence[tuple[int, float]]
) -> tuple[float, float]:
    if not neighbours:
        return spots[i]
    x, y = spots[i]
    sum_x = sum_y = 0.0
    for j, wanted in neighbours:
        other_x, other_y = spots[j]
        apart = math.hypot(x - other_x, y - other_y) or 1e-9
        sum_x += other_x + wanted * (x - other_x) / apart
        sum_y += other_y + wanted * (y - other_y) / apart
    return sum_x / len(neighbours), sum_y / len(neighbours)


def _centred(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    middle_x = sum(x for x, _ in spots) / len(spots)
    middle_y = sum(y for _, y in spots) / len(spots)
    return [(x - middle_x, y - middle_y) for x, y in spots]
