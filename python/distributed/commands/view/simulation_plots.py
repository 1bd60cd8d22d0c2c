"""Pictures of core simulations, as matplotlib figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from distributed.commands.view.drawing import blank

if TYPE_CHECKING:
    from distributed.testing.core_simulation import (
        Blocked,
        Boot,
        Coordinates,
        Detection,
        Dissemination,
        Frontier,
        Reaction,
    )


def _axes(title: str, x: str, y: str) -> tuple[Any, Any]:
    figure = blank(8, 4.5)
    axes = figure.subplots()
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    return figure, axes


def detection(found: Detection) -> Any:
    """The share of deaths that the first, and that all survivors know, over time."""
    figure, axes = _axes("Detection latency", "seconds after the death", "share of deaths")
    for label, times in (
        ("first survivor", sorted(told.first for told in found.deaths)),
        ("all survivors", sorted(told.last for told in found.deaths)),
    ):
        shares = [(index + 1) / len(times) for index in range(len(times))]
        axes.step(times, shares, where="post", label=label)
    axes.legend()
    return figure


def dissemination(found: Dissemination) -> Any:
    """The share of nodes that know a change over time, one line a change."""
    figure, axes = _axes("Dissemination", "seconds after the change", "share of nodes")
    for change in found.changes:
        others = len(change.reached) + change.missed
        shares = [(index + 1) / others for index in range(len(change.reached))]
        axes.step(change.reached, shares, where="post", color="tab:blue", alpha=0.4)
    return figure


def boot(found: Boot) -> Any:
    """View sizes over time."""
    figure, axes = _axes("From nothing to one view", "seconds", "members seen")
    times = [size.at for size in found.sizes]
    axes.fill_between(
        times, [s.least for s in found.sizes], [s.most for s in found.sizes], alpha=0.25
    )
    axes.plot(times, [s.median for s in found.sizes], label="median node")
    axes.legend()
    return figure


def impaired(found: Reaction) -> Any:
    """Faulty and healthy members in the views of the healthy over time."""
    figure, axes = _axes("Networks that fail one way", "seconds", "members seen")
    times = [seen.at for seen in found.timeline]
    axes.plot(times, [seen.faulty for seen in found.timeline], label="faulty, mean view")
    axes.plot(times, [seen.healthy for seen in found.timeline], label="healthy, least view")
    axes.legend()
    return figure


def coordinates(found: Coordinates) -> Any:
    """Relative errors of estimated round trips over probe rounds."""
    figure, axes = _axes("Round trips by coordinates", "probe rounds", "relative error")
    rounds = [at.round for at in found.timeline]
    for label, errors in (
        ("median", [at.median for at in found.timeline]),
        ("nine in ten", [at.p90 for at in found.timeline]),
        ("median within a continent", [at.near for at in found.timeline]),
    ):
        axes.plot(rounds, errors, label=label)
    axes.set_yscale("log")
    axes.axhline(0.1, color="grey", linestyle=":", label="a tenth")
    axes.legend()
    return figure


def false_positives(totals: Mapping[str, Blocked]) -> Any:
    """False deaths of healthy nodes for each configuration."""
    figure, axes = _axes("False deaths of healthy nodes", "", "deaths (one more than counted)")
    places = range(len(totals))
    healthy = [total.healthy_at_healthy + 1 for total in totals.values()]
    slow = [total.healthy_at_slow + 1 for total in totals.values()]
    axes.bar([place - 0.2 for place in places], healthy, 0.4, label="at healthy nodes")
    axes.bar([place + 0.2 for place in places], slow, 0.4, label="at slow nodes")
    axes.set_yscale("log")
    axes.set_xticks(list(places), list(totals))
    axes.legend()
    return figure


def frontier(found: Frontier) -> Any:
    """Every candidate, the frontier, and memberlist's constants."""
    figure, axes = _axes(
        "Frontier", "median seconds until all know", "false deaths (one more than counted)"
    )
    for still, marker, label in ((False, "o", None), (True, "v", "kills the stopped")):
        points = [p for p in found.points if bool(p.stopped_deaths) == still]
        dots = axes.scatter(
            [p.last for p in points],
            [p.false_deaths + 1 for p in points],
            c=[p.bytes for p in points],
            vmin=0.0,
            vmax=max(p.bytes for p in found.points),
            s=26,
            marker=marker,
            label=label,
        )
    figure.colorbar(dots, label="bytes a member sends in a second at rest")
    edge = found.best
    axes.step(
        [p.last for p in edge], [p.false_deaths + 1 for p in edge], where="post", label="best"
    )
    for point, marker in ((found.baseline, "x"), (found.points[0], "*")):
        axes.scatter([point.last], [point.false_deaths + 1], marker=marker, s=90, label=point.name)
    axes.set_yscale("log")
    axes.legend()
    return figure
