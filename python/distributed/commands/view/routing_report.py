"""Routing policies on simulated traffic: as rows, as a sentence, and as figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from distributed.commands.figures import versions
from distributed.commands.view import drawing
from distributed.commands.view.route_plots import policies
from distributed.web.figures import Cell, Figures, Table

if TYPE_CHECKING:
    from distributed.testing.routing_simulator.comparison import Comparison
    from distributed.testing.routing_simulator.trace import Trace


def rows_of(comparison: Comparison) -> list[dict[str, Cell]]:
    """One row for each policy."""
    oracle = comparison.results["oracle"].mean_seconds
    return [
        {
            "trace": comparison.trace,
            "policy": name,
            "mean_ms": round(1e3 * result.mean_seconds, 1),
            "p50_ms": round(1e3 * result.p50_seconds, 1),
            "p99_ms": round(1e3 * result.p99_seconds, 1),
            "route_ms": round(1e3 * result.route_seconds, 1),
            "dispatches_per_job": round(result.dispatches_per_job, 3),
            "route_changes": result.switches,
            "to_oracle": round(result.mean_seconds / oracle, 3),
        }
        for name, result in comparison.results.items()
    ]


def verdict_of(comparison: Comparison) -> str:
    """Ours beside the oracle and the best simple policy, in one sentence."""
    return (
        f"{comparison.trace}: ours takes {comparison.to_oracle:.3f} of the oracle's mean and "
        f"{comparison.to_best_simple:.3f} of {comparison.best_simple}'s, the best simple policy"
    )


def figures_of_policies(comparisons: Sequence[tuple[Trace, Comparison]], command: str) -> Figures:
    """Every policy on every trace, and what jobs paid besides running as each trace went on."""
    rows = [row for _, comparison in comparisons for row in rows_of(comparison)]
    table = Table("Policies", tuple(rows[0]), tuple(tuple(row.values()) for row in rows))
    pictures, lacking = drawing.pictures(
        {trace.name: partial(policies, comparison, trace) for trace, comparison in comparisons}
    )
    verdicts = tuple((verdict_of(comparison),) for _, comparison in comparisons)
    return Figures(
        "Routing policies on simulated traffic",
        "Every policy has the same jobs and the same noise of links.",
        command,
        {**versions(), **lacking},
        (table, Table("In short", ("ours beside the others",), verdicts)),
        pictures=pictures,
    )
