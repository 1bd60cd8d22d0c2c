"""`shoal simulate core`: experiments with the membership core under virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from distributed.commands.output import Output
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.testing.core_simulation import CoreSettings

Progress = Callable[[float], None]


@contextmanager
def _bar(output: Output, text: str) -> Iterator[Progress]:
    """A progress bar on standard error, where a person looks on."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    with Bars(console=console, transient=True, disable=output.json) as bars:
        task = bars.add_task(text, total=1.0)
        yield lambda share: bars.update(task, completed=share)


def _settings(profile: str, seed: int) -> CoreSettings:
    from distributed.testing.core_simulation import CoreSettings

    return CoreSettings(profile=profile, seed=seed)


def _finish(output: Output, record: dict[str, Any], paths: Iterator[Path] | None) -> None:
    output.record(record)
    for path in paths or ():
        output.line(f"wrote {path}")


def detection(
    *,
    nodes: int = 128,
    kills: int = 100,
    profile: str = "lan",
    seed: int = 1,
    plot: Path | None = None,
    json: bool = False,
) -> None:
    """Kill nodes one by one: how long until the first, half and all survivors know.

    Parameters
    ----------
    nodes
        Nodes in the cluster.
    kills
        Nodes to kill; each comes back before the next.
    profile
        lan, wan, local or memberlist_lan.
    seed
        The same seed gives the same numbers.
    plot
        Write the distribution to this file, PNG or SVG by its ending.
    json
        One JSON object.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import detection as run

    output = Output(json=json)
    with _bar(output, f"detection, {nodes} nodes") as progress:
        found = run(_settings(profile, seed), nodes=nodes, kills=kills, progress=progress)
    record: dict[str, Any] = {"profile": profile, "nodes": nodes, "deaths": len(found.deaths)}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        record[f"first_{name}_seconds"] = round(found.first(share), 3)
        record[f"all_{name}_seconds"] = round(found.last(share), 3)
    record |= {"untold": found.untold, "false_deaths": found.false_deaths, "trace": found.trace}
    _finish(output, record, simulation_plots.detection({profile: found}, plot))


def dissemination(
    *,
    nodes: int = 256,
    changes: int = 20,
    loss: float = 0.0,
    profile: str = "lan",
    seed: int = 1,
    plot: Path | None = None,
    json: bool = False,
) -> None:
    """Change metadata of nodes one by one: how long until the others know.

    Parameters
    ----------
    nodes
        Nodes in the cluster.
    changes
        Changes to make.
    loss
        Share of datagrams lost, 0 to 1.
    profile
        lan, wan, local or memberlist_lan.
    seed
        The same seed gives the same numbers.
    plot
        Write reach over time to this file, PNG or SVG by its ending.
    json
        One JSON object.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import dissemination as run
    from distributed.testing.core_simulation.results import quantile

    output = Output(json=json)
    with _bar(output, f"dissemination, {nodes} nodes") as progress:
        found = run(
            _settings(profile, seed), nodes=nodes, changes=changes, loss=loss, progress=progress
        )
    reached = [seconds for change in found.changes for seconds in change.reached]
    record = {
        "profile": profile,
        "nodes": nodes,
        "loss": loss,
        "p50_seconds": round(quantile(reached, 0.5), 3),
        "p99_seconds": round(quantile(reached, 0.99), 3),
        "all_seconds": round(max(reached, default=0.0), 3),
        "missed": sum(change.missed for change in found.changes),
        "datagrams_per_change": sum(c.datagrams for c in found.changes) // max(1, changes),
        "trace": found.trace,
    }
    _finish(output, record, simulation_plots.dissemination(found, nodes, plot))


def boot(
    *,
    nodes: int = 1_000,
    profile: str = "lan",
    seed: int = 1,
    plot: Path | None = None,
    json: bool = False,
) -> None:
    """Start all nodes at once, each knowing the first: how long until there is one view.

    Parameters
    ----------
    nodes
        Nodes in the cluster.
    profile
        lan, wan, local or memberlist_lan.
    seed
        The same seed gives the same numbers.
    plot
        Write view sizes over time to this file, PNG or SVG by its ending.
    json
        One JSON object.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import boot as run

    output = Output(json=json)
    with _bar(output, f"boot, {nodes} nodes") as progress:
        found = run(_settings(profile, seed), nodes=nodes, progress=progress)
    fields = msgspec.to_builtins(found)
    del fields["sizes"]
    record = {"profile": profile, "nodes": nodes, **fields}
    _finish(output, record, simulation_plots.boot(found, plot))


def impaired(
    *,
    nodes: int = 100,
    faulty: int = 10,
    flip: float | None = None,
    egress_loss: float = 0.8,
    span: float = 400.0,
    profile: str = "lan",
    seed: int = 1,
    plot: Path | None = None,
    json: bool = False,
) -> None:
    """Let the network of some nodes fail one way: do they go out and stay out?

    Parameters
    ----------
    nodes
        Nodes in the cluster.
    faulty
        How many of them are faulty.
    flip
        They hear nothing for this many seconds, everything for as many, and so on.
    egress_loss
        Without `flip`: share of what they send that is lost, all the time.
    span
        Seconds for which the fault lasts.
    profile
        lan, wan, local or memberlist_lan.
    seed
        The same seed gives the same numbers.
    plot
        Write the views over time to this file, PNG or SVG by its ending.
    json
        One JSON object.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import impaired as run

    output = Output(json=json)
    with _bar(output, f"impaired, {faulty} of {nodes} nodes") as progress:
        found = run(
            _settings(profile, seed),
            nodes=nodes,
            faulty=faulty,
            flip_seconds=flip,
            egress_loss=egress_loss,
            span_seconds=span,
            progress=progress,
        )
    fields = msgspec.to_builtins(found)
    del fields["timeline"]
    record = {"profile": profile, "nodes": nodes, "faulty": faulty, **fields}
    _finish(output, record, simulation_plots.impaired(found, plot))


def coordinates(
    *,
    nodes: int = 48,
    rounds: int = 60,
    look: int = 1,
    profile: str = "wan",
    seed: int = 1,
    plot: Path | None = None,
    json: bool = False,
) -> None:
    """Start nodes on three continents: how well do their coordinates tell round trips?

    Parameters
    ----------
    nodes
        Nodes in the cluster.
    rounds
        Probe rounds from the start on; 17280 of the wan profile are a day.
    look
        Compare with the truth once in so many rounds.
    profile
        lan, wan, local or memberlist_lan.
    seed
        Of the map and of the run; the same seed gives the same numbers.
    plot
        Write errors over rounds to this file, PNG or SVG by its ending.
    json
        One JSON object.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import coordinates as run

    if not 0 < look <= rounds:
        raise ConfigError(f"--look must lie between 1 and {rounds}, not {look}", field="look")
    output = Output(json=json)
    settings = _settings(profile, seed)
    with _bar(output, f"coordinates, {nodes} nodes") as progress:
        found = run(settings, nodes=nodes, rounds=rounds, look=look, progress=progress)
    last = found.timeline[-1]
    record = {
        "profile": profile,
        "nodes": nodes,
        "rounds": last.round,
        "typical_rtt_ms": round(1e3 * found.typical, 1),
        "median_error": round(last.median, 4),
        "p90_error": round(last.p90, 4),
        "same_continent_median_error": round(last.near, 4),
        "unknown": round(last.unknown, 4),
        "worst_median_error": round(max(at.median for at in found.timeline), 4),
        "centre_ms": round(1e3 * last.centre, 1),
        "farthest_centre_ms": round(1e3 * max(at.centre for at in found.timeline), 1),
        "trace": found.trace,
    }
    _finish(output, record, simulation_plots.coordinates(found, plot))
