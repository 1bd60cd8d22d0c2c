"""The Lifeguard paper's grid: nodes blocked, seconds blocked, seconds running."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from distributed.testing.core_simulation.experiments import blocked
from distributed.testing.core_simulation.results import Blocked
from distributed.testing.core_simulation.settings import CoreSettings

Axes = tuple[Sequence[int], Sequence[float], Sequence[float]]
Cell = tuple[int, float, float]


def add(one: Blocked, other: Blocked) -> Blocked:
    """The sums of both; the trace is that of neither."""
    return Blocked(
        one.healthy_at_healthy + other.healthy_at_healthy,
        one.healthy_at_slow + other.healthy_at_slow,
        one.slow_at_healthy + other.slow_at_healthy,
        one.slow_at_slow + other.slow_at_slow,
        one.refutations + other.refutations,
        one.datagrams + other.datagrams,
        one.trace ^ other.trace,
    )


def compare(
    variants: Mapping[str, CoreSettings],
    axes: Axes,
    *,
    nodes: int = 128,
    span_seconds: float = 120.0,
    seed: int = 1,
    workers: int = 2,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Blocked]:
    """Run every cell of the grid for every variant; the totals of each variant."""
    work = [(name, cell) for cell in product(*axes) for name in variants]

    def one(task: tuple[str, Cell]) -> Blocked:
        name, (concurrent, block, run) = task
        return blocked(
            variants[name].with_seed(seed),
            nodes=nodes,
            concurrent=concurrent,
            blocked_seconds=block,
            running_seconds=run,
            span_seconds=span_seconds,
        )

    totals = dict.fromkeys(variants, Blocked(0, 0, 0, 0, 0, 0, 0))
    with ThreadPoolExecutor(workers) as pool:
        for done, ((name, _), found) in enumerate(zip(work, pool.map(one, work), strict=True), 1):
            totals[name] = add(totals[name], found)
            if progress is not None:
                progress(done / len(work))
    return totals
