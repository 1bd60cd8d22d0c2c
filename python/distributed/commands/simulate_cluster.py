"""`shoal simulate`: a whole cluster under virtual time, one seed or very many."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from distributed.commands.figures import NO_FILES, Files, again
from distributed.commands.output import Output
from distributed.commands.ranges import Count, Span
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.testing.chaos import SeedOutcome
    from distributed.testing.scenario import Report

FAILED = 1
Size = Literal["small", "full"]


def cluster(
    *,
    seed: int = 1,
    profile: str = "chaos",
    minutes: Span = 10.0,
    jobs: Count | None = None,
    size: Size = "small",
    membership: Literal["oracle", "core"] = "oracle",
    shrink: bool = False,
    files: Files = NO_FILES,
) -> int:
    """Run jobs on a simulated cluster while things go wrong, and check what must hold.

    Parameters
    ----------
    seed
        Fixes the jobs, the faults and everything else: the same seed is the same run.
    profile
        What goes wrong: calm, crashes, partitions, messages, ledger or chaos.
    minutes
        Of virtual time.
    jobs
        How many are submitted; one for every six virtual seconds if not given.
    size
        `small`: 2 gates, 4 managers, 6 workers. `full`: 3 gates, 9 managers, 27 workers.
    membership
        `core` runs the failure detector that ships, `oracle` a cheap and exact one.
    shrink
        Cut a failing run down to the fewest faults and jobs that still fail.
    """
    import msgspec

    from distributed.commands.view.simulation_report import figures_of_run
    from distributed.testing.cluster_spec import FULL, SMALL
    from distributed.testing.nemesis import PROFILES
    from distributed.testing.scenario import drawn, play
    from distributed.testing.shrink import Shrinker

    _check_known(profile, PROFILES)
    spec = msgspec.structs.replace(FULL if size == "full" else SMALL, membership=membership)
    output = Output(json=files.json)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        report = play(drawn(seed, profile=profile, minutes=minutes, jobs=jobs, spec=spec))
        if report.failed and shrink:
            output.line("it fails; looking for the fewest faults and jobs that still do")
            report = Shrinker().shrink(report)
    command = again(
        "simulate cluster",
        seed=seed,
        profile=profile,
        minutes=minutes,
        jobs=jobs,
        size=size,
        membership=membership,
        shrink=shrink,
    )
    _tell(output, report, command, shrink)
    files.write(output, lambda: figures_of_run(report, command))
    return FAILED if report.failed else 0


def _check_known(profile: str, profiles: Iterable[str]) -> None:
    if profile not in profiles:
        known = ", ".join(profiles)
        raise ConfigError(f"no profile is called {profile!r}; there are {known}", field="profile")


def chaos(
    *,
    minutes: Annotated[Span, Parameter(name="--minutes")] = 10.0,
    virtual_minutes: Span = 5.0,
    profile: str = "chaos",
    first_seed: int = 1,
    seeds: Count | None = None,
    processes: Count | None = None,
    files: Files = NO_FILES,
) -> int:
    """Run seed after seed over all cores until the time is up.

    Parameters
    ----------
    minutes
        Of real time; runs under way are finished.
    virtual_minutes
        Of virtual time, for each seed.
    profile
        What goes wrong.
    first_seed
        Where to begin.
    seeds
        How many at most.
    processes
        How many at once; one for each core if not given.
    """
    from distributed.commands.view.simulation_report import figures_of_seeds
    from distributed.testing.chaos import Campaign, replay_command, run_campaign
    from distributed.testing.nemesis import PROFILES

    _check_known(profile, PROFILES)
    output = Output(json=files.json)
    campaign = Campaign(profile=profile, minutes=virtual_minutes)

    def told(outcome: SeedOutcome) -> None:
        if files.json:
            output.record(outcome)
        elif outcome.violation:
            output.line(f"seed {outcome.seed} FAILED: {outcome.violation}")
            output.line(f"    {replay_command(outcome.seed, campaign)}")

    outcomes = run_campaign(
        campaign,
        first_seed=first_seed,
        budget_seconds=minutes * 60.0,
        most_seeds=seeds,
        processes=processes,
        on_outcome=told,
    )
    command = again(
        "simulate chaos",
        minutes=minutes,
        virtual_minutes=virtual_minutes,
        profile=profile,
        first_seed=first_seed,
        seeds=seeds,
    )
    files.write(output, lambda: figures_of_seeds(outcomes, command))
    return _sum_up(outcomes, output)


def _sum_up(outcomes: Sequence[SeedOutcome], output: Output) -> int:
    failed = [outcome for outcome in outcomes if outcome.violation]
    virtual = sum(outcome.virtual_seconds for outcome in outcomes)
    real = sum(outcome.real_seconds for outcome in outcomes) or 1.0
    output.line(
        f"{len(outcomes)} seeds, {len(failed)} failed; {virtual / 3600:.1f} virtual hours, "
        f"{virtual / real:.0f} virtual seconds for each second of processor time"
    )
    return FAILED if failed else 0


def _tell(output: Output, report: Report, command: str, shrunk: bool) -> None:
    if output.json:
        output.record(report)
        return
    jobs = ", ".join(f"{count} {state}" for state, count in report.jobs.items())
    output.line(
        f"{report.virtual_seconds:.0f} virtual seconds, {report.faults} faults, "
        f"{report.events} events; jobs: {jobs or 'none'}"
    )
    output.line(f"trace {report.digest}")
    if not report.failed:
        output.line("every rule held")
        return
    if shrunk:
        for fault in report.scenario.faults:
            output.line(f"fault  {fault}")
        for arrival in report.scenario.arrivals:
            output.line(f"job    {arrival.at:g} s: {arrival.job.name} by {arrival.client}")
    for line in report.story.splitlines():
        output.line(line)
    for violation in report.violations:
        for line in f"BROKEN {violation}".splitlines():
            output.line(line)
    output.line(f"again: {command}")
