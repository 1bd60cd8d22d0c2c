"""Simulated clusters as figures: one run with its faults, or many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from distributed.commands.figures import versions
from distributed.web.figures import Figures, Table, shares

if TYPE_CHECKING:
    from distributed.testing.chaos import SeedOutcome
    from distributed.testing.scenario import Report


def figures_of_run(report: Report, command: str) -> Figures:
    """What went wrong and when, what became of the jobs, and which rules broke."""
    happened = [(fault.at, "fault", str(fault)) for fault in report.scenario.faults]
    happened += [(a.at, "job", f"{a.job.name} by {a.client}") for a in report.scenario.arrivals]
    broken = [(str(violation).splitlines()[0],) for violation in report.violations]
    held = "A rule was broken." if report.failed else "Every rule held."
    return Figures(
        "A simulated cluster",
        f"{report.virtual_seconds:.0f} virtual seconds, {report.faults} faults. {held}",
        command,
        {**versions(), "trace": report.digest, "events": f"{report.events:,}"},
        (
            Table("What happened", ("seconds", "kind", "what"), tuple(sorted(happened))),
            Table("Jobs", ("state", "count"), tuple(report.jobs.items())),
            Table("Broken rules", ("rule",), tuple(broken)),
        ),
        text=report.story,
    )


def figures_of_seeds(outcomes: Sequence[SeedOutcome], command: str) -> Figures:
    """How each seed ended, and how fast virtual time passed."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.seed)
    failed = sum(bool(outcome.violation) for outcome in ordered)
    rows = tuple(
        (
            outcome.seed,
            outcome.violation.splitlines()[0] if outcome.violation else "held",
            sum(outcome.jobs.values()),
            outcome.faults,
            round(outcome.virtual_seconds, 1),
            round(outcome.real_seconds, 2),
            outcome.digest,
        )
        for outcome in ordered
    )
    columns = ("seed", "rules", "jobs", "faults", "virtual_seconds", "real_seconds", "trace")
    speed = [outcome.virtual_seconds / max(outcome.real_seconds, 1e-9) for outcome in ordered]
    plot = shares("Virtual seconds for each of processor time", "", "seeds", speed)
    return Figures(
        "Simulated clusters",
        f"{len(ordered)} seeds, {failed} failed.",
        command,
        versions(),
        (Table("Seeds", columns, rows),),
        (plot,) if ordered else (),
    )
