"""`shoal simulate core`: the experiments that run many simulations and compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distributed.commands.core_experiment import DRAWN, Drawn, Nodes, Told, experiment
from distributed.commands.ranges import Count, Span

if TYPE_CHECKING:
    from distributed.testing.core_simulation import Blocked, Frontier

FULL = ((1, 4, 8, 16, 32), (0.128, 0.512, 2.048, 8.192, 32.768), (0.001, 0.064, 1.024, 16.384))
COARSE = ((1, 8, 32), (0.512, 8.192, 32.768), (0.004, 1.024))


def false_positives(
    *, full: bool = False, nodes: Nodes = 128, span: Span = 120.0, flags: Drawn = DRAWN
) -> None:
    """Block messages of some nodes again and again, as the Lifeguard paper does (section V).

    Counts deaths of healthy nodes, believed at healthy and at slow nodes, for plain SWIM, for
    each part of Lifeguard and for all of it, over a grid of (nodes blocked, seconds blocked,
    seconds running).

    Parameters
    ----------
    full
        The paper's grid in place of a coarse one.
    span
        Seconds that each cell lasts.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import VARIANTS
    from distributed.testing.core_simulation.paper_grid import compare

    def told(totals: dict[str, Blocked]) -> Told:
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
        return Told(rows, figure=lambda: simulation_plots.false_positives(totals))

    experiment(
        "false-positives",
        {"full": full, "nodes": nodes, "span": span},
        flags,
        lambda progress: compare(
            VARIANTS,
            FULL if full else COARSE,
            nodes=nodes,
            span_seconds=span,
            seed=flags.seed,
            progress=progress,
        ),
        told,
    )


def frontier(*, nodes: Nodes = 128, kills: Count = 20, flags: Drawn = DRAWN) -> None:
    """Search constants: time until everybody knows against false deaths.

    Beside them: false deaths of nodes that stood still for three seconds (none are allowed on
    the frontier), false deaths at a loss of 20 %, and bytes a member sends in a second at rest.

    Parameters
    ----------
    kills
        Deaths to time for each candidate.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import Candidate, CoreSettings, search
    from distributed.testing.core_simulation.frontier import grid

    def told(found: Frontier) -> Told:
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
        return Told(rows, figure=lambda: simulation_plots.frontier(found))

    candidates = [Candidate("lan", CoreSettings(profile="lan")), *grid()]
    experiment(
        "frontier",
        {"nodes": nodes, "kills": kills},
        flags,
        lambda progress: search(
            candidates, nodes=nodes, kills=kills, seeds=(flags.seed,), progress=progress
        ),
        told,
    )
