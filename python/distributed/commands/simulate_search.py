"""`shoal simulate core`: the experiments that run many simulations and compare them."""

from __future__ import annotations

from pathlib import Path

from distributed.commands.output import Output
from distributed.commands.simulate_core import _bar

FULL = ((1, 4, 8, 16, 32), (0.128, 0.512, 2.048, 8.192, 32.768), (0.001, 0.064, 1.024, 16.384))
COARSE = ((1, 8, 32), (0.512, 8.192, 32.768), (0.004, 1.024))
FRONTIER_COLUMNS = (
    "candidate",
    "first_seconds",
    "all_seconds",
    "false_deaths",
    "stopped_deaths",
    "lossy_deaths",
    "bytes_per_second",
    "frontier",
)
COLUMNS = ("configuration", "at_healthy", "at_slow", "of_slow", "datagrams", "times_fewer")


def false_positives(
    *,
    full: bool = False,
    nodes: int = 128,
    span: float = 120.0,
    seed: int = 1,
    plot: Path | None = None,
    json: bool = False,
) -> None:
    """Block messages of some nodes again and again, as the Lifeguard paper does (section V).

    Counts deaths of healthy nodes, believed at healthy and at slow nodes, for plain SWIM, for
    each part of Lifeguard and for all of it, over a grid of (nodes blocked, seconds blocked,
    seconds running).

    Parameters
    ----------
    full
        The paper's grid in place of a coarse one.
    nodes
        Nodes in the cluster.
    span
        Seconds that each cell lasts.
    seed
        The same seed gives the same numbers.
    plot
        Write the comparison to this file, PNG or SVG by its ending.
    json
        One JSON object a line.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import VARIANTS
    from distributed.testing.core_simulation.paper_grid import compare

    output = Output(json=json)
    axes = FULL if full else COARSE
    with _bar(output, "false positives") as progress:
        totals = compare(
            VARIANTS, axes, nodes=nodes, span_seconds=span, seed=seed, progress=progress
        )
    plain = totals["SWIM"].healthy_at_healthy
    rows = [
        {
            "configuration": name,
            "at_healthy": total.healthy_at_healthy,
            "at_slow": total.healthy_at_slow,
            "of_slow": total.slow_at_healthy + total.slow_at_slow,
            "datagrams": total.datagrams,
            "times_fewer": round(plain / max(1, total.healthy_at_healthy), 1),
        }
        for name, total in totals.items()
    ]
    output.table(COLUMNS, rows, title=f"false deaths, {nodes} nodes")
    for path in simulation_plots.false_positives(totals, plot):
        output.line(f"wrote {path}")


def frontier(
    *,
    nodes: int = 128,
    kills: int = 20,
    seed: int = 1,
    plot: Path | None = None,
    json: bool = False,
) -> None:
    """Search constants: time until everybody knows against false deaths.

    Beside them: false deaths of nodes that stood still for three seconds (none are allowed on
    the frontier), false deaths at a loss of 20 %, and bytes a member sends in a second at rest.

    Parameters
    ----------
    nodes
        Nodes in the cluster.
    kills
        Deaths to time for each candidate.
    seed
        The same seed gives the same numbers.
    plot
        Write all points and the frontier to this file, PNG or SVG by its ending.
    json
        One JSON object a line.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import Candidate, CoreSettings, search
    from distributed.testing.core_simulation.frontier import grid

    output = Output(json=json)
    candidates = [Candidate("lan", CoreSettings(profile="lan")), *grid()]
    with _bar(output, "frontier") as progress:
        found = search(candidates, nodes=nodes, kills=kills, seeds=(seed,), progress=progress)
    best = {point.name for point in found.best}
    rows = [
        {
            "candidate": point.name,
            "first_seconds": round(point.first, 2),
            "all_seconds": round(point.last, 2),
            "false_deaths": point.false_deaths,
            "stopped_deaths": point.stopped_deaths,
            "lossy_deaths": point.lossy_deaths,
            "bytes_per_second": round(point.bytes),
            "frontier": "yes" if point.name in best else "",
        }
        for point in sorted([found.baseline, *found.points], key=lambda point: point.last)
    ]
    output.table(FRONTIER_COLUMNS, rows, title=f"frontier, {nodes} nodes")
    for path in simulation_plots.frontier(found, plot):
        output.line(f"wrote {path}")
