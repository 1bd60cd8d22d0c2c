"""Laying members out on a plane so that distances come close to round trips."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Pair = tuple[int, int]
Spot = tuple[float, float]
ROUNDS = 40


def place(count: int, distances: Mapping[Pair, float]) -> list[Spot]:
    """Positions in the unit of the distances, their middle at the origin.

    Minimises stress by majorisation (SMACOF: de Leeuw, 1977) from a trilateration, so that
    equal input gives equal output. `distances` has (i, j) with i < j; missing pairs pull
    nowhere.
    """
    if count == 0:
        return []
    neighbours: list[dict[int, float]] = [{} for _ in range(count)]
    for (i, j), distance in distances.items():
        neighbours[i][j] = neighbours[j][i] = distance
    spots = _trilaterated(neighbours)
    for _ in range(ROUNDS):
        spots = [_pulled(i, spots, neighbours[i]) for i in range(count)]
    return _centred(spots)


def _trilaterated(neighbours: Sequence[Mapping[int, float]]) -> list[Spot]:
    """A first guess from the distances to three members that are far apart."""
    first = max(range(len(neighbours)), key=lambda i: len(neighbours[i]))
    far = neighbours[first]
    if not far:
        return [(float(i), 0.0) for i in range(len(neighbours))]
    second = max(far, key=lambda i: far[i])
    base = far[second] or 1e-9

    def folded(i: int) -> Spot:
        to_first = 0.0 if i == first else far.get(i, base)
        to_second = 0.0 if i == second else neighbours[second].get(i, base)
        x = (to_first**2 - to_second**2 + base**2) / (2 * base)
        return x, math.sqrt(max(0.0, to_first**2 - x * x))

    spots = [folded(i) for i in range(len(neighbours))]
    third = max(range(len(spots)), key=lambda i: spots[i][1])
    return [_sided(i, spots[i], spots[third], neighbours[third]) for i in range(len(spots))]


def _sided(i: int, spot: Spot, third: Spot, from_third: Mapping[int, float]) -> Spot:
    """The spot, or its mirror image where that fits the third member's distance better."""
    mirrored = spot[0], -spot[1]
    wanted = from_third.get(i)
    if wanted is None:
        # Off the line a little: majorisation cannot leave it.
        return (spot[0], spot[1] if spot[1] else 1e-3 * (i + 1))
    right = abs(math.dist(spot, third) - wanted)
    return spot if right <= abs(math.dist(mirrored, third) - wanted) else mirrored


def strain(spots: Sequence[Spot], distances: Mapping[Pair, float]) -> float:
    """Kruskal's stress-1 (1964): 0 is a perfect fit, 0.2 a poor one."""
    wrong = sum((math.dist(spots[i], spots[j]) - d) ** 2 for (i, j), d in distances.items())
    total = sum(d * d for d in distances.values())
    return math.sqrt(wrong / total) if total else 0.0


def _pulled(i: int, spots: Sequence[Spot], neighbours: Mapping[int, float]) -> Spot:
    if not neighbours:
        return spots[i]
    x, y = spots[i]
    sum_x = sum_y = 0.0
    for j, wanted in neighbours.items():
        other_x, other_y = spots[j]
        apart = math.hypot(x - other_x, y - other_y) or 1e-9
        sum_x += other_x + wanted * (x - other_x) / apart
        sum_y += other_y + wanted * (y - other_y) / apart
    return sum_x / len(neighbours), sum_y / len(neighbours)


def _centred(spots: Sequence[Spot]) -> list[Spot]:
    middle_x = sum(x for x, _ in spots) / len(spots)
    middle_y = sum(y for _, y in spots) / len(spots)
    return [(x - middle_x, y - middle_y) for x, y in spots]
