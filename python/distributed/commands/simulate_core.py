"""`shoal simulate core`: deaths, changes, starts and coordinates under virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from distributed.commands.core_experiment import (
    DRAWN,
    Drawn,
    Nodes,
    Profile,
    Told,
    experiment,
    settings,
    summary,
)
from distributed.commands.ranges import Count, Share, Span
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.testing.core_simulation import Coordinates, Detection, Dissemination


def detection(
    *, nodes: Nodes = 128, kills: Count = 100, profile: Profile = "lan", flags: Drawn = DRAWN
) -> None:
    """Kill nodes one by one: how long until the first, half and all survivors know.

    Parameters
    ----------
    kills
        Nodes to kill; each comes back before the next.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import detection as run

    def told(found: Detection) -> Told:
        row = {"profile": profile, "nodes": nodes, "deaths": len(found.deaths)}
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            row[f"first_{name}_seconds"] = round(found.first(share), 3)
            row[f"all_{name}_seconds"] = round(found.last(share), 3)
        row |= summary(found, "deaths")
        parts = [{"death": i, **_rounded(asdict(death))} for i, death in enumerate(found.deaths, 1)]
        return Told([row], parts, lambda: simulation_plots.detection(found))

    experiment(
        "detection",
        {"nodes": nodes, "kills": kills, "profile": profile},
        flags,
        lambda progress: run(settings(profile, flags), nodes=nodes, kills=kills, progress=progress),
        told,
    )


def dissemination(
    *,
    nodes: Nodes = 256,
    changes: Count = 20,
    loss: Share = 0.0,
    profile: Profile = "lan",
    flags: Drawn = DRAWN,
) -> None:
    """Change metadata of nodes one by one: how long until the others know.

    Parameters
    ----------
    changes
        Changes to make.
    loss
        Share of datagrams lost, 0 to 1.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import dissemination as run
    from distributed.testing.core_simulation.results import quantile

    def times(reached: list[float]) -> dict[str, float]:
        shares = {"p50_seconds": 0.5, "p99_seconds": 0.99, "all_seconds": 1.0}
        return {name: round(quantile(reached, share), 3) for name, share in shares.items()}

    def told(found: Dissemination) -> Told:
        row = {
            "profile": profile,
            "nodes": nodes,
            "loss": loss,
            **times([seconds for change in found.changes for seconds in change.reached]),
            "missed": sum(change.missed for change in found.changes),
            "datagrams_per_change": sum(c.datagrams for c in found.changes) // max(1, changes),
            "trace": found.trace,
        }
        parts = [
            {"change": i, **times(c.reached), "missed": c.missed, "datagrams": c.datagrams}
            for i, c in enumerate(found.changes, 1)
        ]
        return Told([row], parts, lambda: simulation_plots.dissemination(found))

    experiment(
        "dissemination",
        {"nodes": nodes, "changes": changes, "loss": loss, "profile": profile},
        flags,
        lambda progress: run(
            settings(profile, flags), nodes=nodes, changes=changes, loss=loss, progress=progress
        ),
        told,
    )


def boot(*, nodes: Nodes = 1_000, profile: Profile = "lan", flags: Drawn = DRAWN) -> None:
    """Start all nodes at once, each knowing the first: how long until there is one view."""
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import boot as run

    experiment(
        "boot",
        {"nodes": nodes, "profile": profile},
        flags,
        lambda progress: run(settings(profile, flags), nodes=nodes, progress=progress),
        lambda found: Told(
            [{"profile": profile, "nodes": nodes, **summary(found, "sizes")}],
            [_rounded(asdict(size)) for size in found.sizes],
            lambda: simulation_plots.boot(found),
        ),
    )


def impaired(
    *,
    nodes: Nodes = 100,
    faulty: Count = 10,
    flip: Span | None = None,
    egress_loss: Share = 0.8,
    span: Span = 400.0,
    profile: Profile = "lan",
    flags: Drawn = DRAWN,
) -> None:
    """Let the network of some nodes fail one way: do they go out and stay out?

    Parameters
    ----------
    faulty
        How many of them are faulty.
    flip
        They hear nothing for this many seconds, everything for as many, and so on.
    egress_loss
        Without `flip`: share of what they send that is lost, all the time.
    span
        Seconds for which the fault lasts.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import impaired as run

    if faulty >= nodes:
        raise ConfigError(f"must be fewer than the {nodes} nodes", field="faulty")
    experiment(
        "impaired",
        {
            "nodes": nodes,
            "faulty": faulty,
            "flip": flip,
            "egress_loss": egress_loss,
            "span": span,
            "profile": profile,
        },
        flags,
        lambda progress: run(
            settings(profile, flags),
            nodes=nodes,
            faulty=faulty,
            flip_seconds=flip,
            egress_loss=egress_loss,
            span_seconds=span,
            progress=progress,
        ),
        lambda found: Told(
            [{"profile": profile, "nodes": nodes, "faulty": faulty, **summary(found, "timeline")}],
            [_rounded(asdict(seen)) for seen in found.timeline],
            lambda: simulation_plots.impaired(found),
        ),
    )


def coordinates(
    *,
    nodes: Nodes = 48,
    rounds: Count = 60,
    look: Count = 1,
    profile: Profile = "wan",
    flags: Drawn = DRAWN,
) -> None:
    """Start nodes on three continents: how well do their coordinates tell round trips?

    Parameters
    ----------
    rounds
        Probe rounds from the start on; 17280 of the wan profile are a day.
    look
        Compare with the truth once in so many rounds.
    """
    from distributed.commands.view import simulation_plots
    from distributed.testing.core_simulation import coordinates as run

    if look > rounds:
        raise ConfigError(f"must be no more than the {rounds} rounds", field="look")

    def told(found: Coordinates) -> Told:
        last = found.timeline[-1]
        row = {
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
        parts = [_rounded(asdict(at)) for at in found.timeline]
        return Told([row], parts, lambda: simulation_plots.coordinates(found))

    experiment(
        "coordinates",
        {"nodes": nodes, "rounds": rounds, "look": look, "profile": profile},
        flags,
        lambda progress: run(
            settings(profile, flags), nodes=nodes, rounds=rounds, look=look, progress=progress
        ),
        told,
    )


def _rounded(row: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in row.items()}
