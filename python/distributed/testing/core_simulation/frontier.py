"""The frontier of detection time against false deaths, by search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import msgspec

from distributed.testing.core_simulation.experiments import blocked, detection
from distributed.testing.core_simulation.settings import CoreSettings

#: Concurrent blocked nodes, seconds blocked, seconds running: cells of the Lifeguard paper's
#: grid in which false deaths are most frequent.
CELLS: tuple[tuple[int, float, float], ...] = (
    (4, 16.384, 0.064),
    (16, 8.192, 0.064),
    (32, 16.384, 1.024),
    (32, 32.768, 0.004),
)


class Candidate(msgspec.Struct, frozen=True):
    """One set of constants."""

    name: str
    settings: CoreSettings


class Point(msgspec.Struct, frozen=True):
    """What a candidate is worth.

    Seconds until the first and the last survivor knew of a death (half of all deaths), false
    deaths of healthy nodes at healthy nodes over all cells and seeds, and datagrams in those.
    """

    name: str
    first: float
    last: float
    false_deaths: int
    datagrams: int
    settings: CoreSettings


class Frontier(msgspec.Struct, frozen=True):
    """All points, and those that no other beats in both time and false deaths."""

    points: list[Point]
    baseline: Point

    @property
    def best(self) -> list[Point]:
        """The frontier, fastest first."""
        edge: list[Point] = []
        for point in sorted(self.points, key=lambda point: (point.last, point.false_deaths)):
            if not edge or point.false_deaths < edge[-1].false_deaths:
                edge.append(point)
        return edge


def grid(profile: str = "lan") -> list[Candidate]:
    """The coarse grid around a profile."""
    axes = product((0.5, 1.0), (1.0, 1.5, 2.0, 3.0), (6.0, 12.0), (3, 4))
    return [
        Candidate(
            f"interval={interval} alpha={alpha} beta={beta} k={confirmations}",
            CoreSettings(
                profile=profile,
                overrides={
                    "probe.interval_seconds": interval,
                    "probe.timeout_seconds": interval / 2,
                    "suspicion.alpha": alpha,
                    "suspicion.beta": beta,
                    "suspicion.confirmations": confirmations,
                },
            ),
        )
        for interval, alpha, beta, confirmations in axes
    ]


def measure(candidate: Candidate, *, nodes: int, kills: int, seeds: Sequence[int]) -> Point:
    """Measure one candidate."""
    found = detection(candidate.settings.with_seed(seeds[0]), nodes=nodes, kills=kills)
    false_deaths = found.false_deaths
    datagrams = 0
    for (concurrent, block, run), seed in product(CELLS, seeds):
        outcome = blocked(
            candidate.settings.with_seed(seed),
            nodes=nodes,
            concurrent=concurrent,
            blocked_seconds=block,
            running_seconds=run,
        )
        false_deaths += outcome.healthy_at_healthy
        datagrams += outcome.datagrams
    return Point(
        candidate.name,
        found.first(0.5),
        found.last(0.5),
        false_deaths,
        datagrams,
        candidate.settings,
    )


def search(
    candidates: Sequence[Candidate],
    *,
    nodes: int = 128,
    kills: int = 20,
    seeds: Sequence[int] = (1,),
    workers: int = 2,
    progress: Callable[[float], None] | None = None,
) -> Frontier:
    """Measure every candidate, and memberlist's constants as the baseline."""
    baseline = Candidate("memberlist", CoreSettings(profile="memberlist_lan"))
    everybody = [baseline, *candidates]

    def each() -> Iterator[Point]:
        with ThreadPoolExecutor(workers) as pool:
            waiting = pool.map(
                lambda one: measure(one, nodes=nodes, kills=kills, seeds=seeds), everybody
            )
            for done, point in enumerate(waiting, 1):
                if progress is not None:
                    progress(done / len(everybody))
                yield point

    first, *rest = each()
    return Frontier(points=rest, baseline=first)
