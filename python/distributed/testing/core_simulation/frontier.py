"""The frontier of detection time against false deaths, by search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import msgspec

from distributed.testing.core_simulation.experiments import (
    blocked,
    detection,
    quiet,
    stopped,
)
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

    Seconds until the first and the last survivor knew of a death (half of all deaths); false
    deaths of healthy nodes at healthy nodes over all cells and seeds; false deaths of nodes
    that stood still for three seconds, which must be none; false deaths at a loss of a fifth of
    all datagrams; and what a member sends in a second at rest.
    """

    name: str
    first: float
    last: float
    false_deaths: int
    stopped_deaths: int
    lossy_deaths: int
    datagrams: float
    bytes: float
    settings: CoreSettings


class Frontier(msgspec.Struct, frozen=True):
    """All points, and those that no other beats in both time and false deaths.

    A point at which a node died that only stood still is beaten by all.
    """

    points: list[Point]
    baseline: Point

    @property
    def best(self) -> list[Point]:
        """The frontier, fastest first."""
        edge: list[Point] = []
        alive = [point for point in self.points if not point.stopped_deaths]
        for point in sorted(alive, key=lambda point: (point.last, point.false_deaths)):
            if not edge or point.false_deaths < edge[-1].false_deaths:
                edge.append(point)
        return edge


#: Nodes of the cluster that is watched at a loss: what loss raises grows with their square.
LOSSY_NODES = 32

#: Second opinions, a prompt first round and a last look: all of it, or none.
HELP: dict[bool, dict[str, float | int | bool]] = {
    True: {
        "suspicion.second_opinions": 5,
        "suspicion.last_look": True,
        "gossip.prompt": True,
    },
    False: {
        "suspicion.second_opinions": 0,
        "suspicion.last_look": False,
        "gossip.prompt": False,
    },
}


def grid(profile: str = "lan") -> list[Candidate]:
    """The coarse grid around a profile."""
    axes = product((0.5, 1.0), (1.0, 1.85, 2.35, 3.5), (True, False))
    return [
        Candidate(
            f"interval={interval} floor={floor} help={'on' if help_ else 'off'}",
            CoreSettings(
                profile=profile,
                overrides={
                    "probe.interval_seconds": interval,
                    "suspicion.alpha": 0.1,  # The floor alone decides.
                    "suspicion.floor_seconds": floor,
                    **HELP[help_],
                },
            ),
        )
        for interval, floor, help_ in axes
    ]


def measure(candidate: Candidate, *, nodes: int, kills: int, seeds: Sequence[int]) -> Point:
    """Measure one candidate."""
    settings = candidate.settings.with_seed(seeds[0])
    found = detection(settings, nodes=nodes, kills=kills)
    false_deaths = found.false_deaths
    for (concurrent, block, run), seed in product(CELLS, seeds):
        outcome = blocked(
            candidate.settings.with_seed(seed),
            nodes=nodes,
            concurrent=concurrent,
            blocked_seconds=block,
            running_seconds=run,
        )
        false_deaths += outcome.healthy_at_healthy
    still = [
        stopped(settings, nodes=32, concurrent=4, frozen=frozen, rounds=10)
        for frozen in (True, False)
    ]
    rest = quiet(settings, nodes=nodes, span_seconds=60.0)
    return Point(
        candidate.name,
        found.first(0.5),
        found.last(0.5),
        false_deaths,
        sum(revival.false_deaths for revival in still),
        quiet(settings, nodes=min(nodes, LOSSY_NODES), loss=0.2).false_deaths,
        rest.datagrams,
        rest.datagram_bytes + rest.stream_bytes,
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
