"""Many seeds within a budget of real time, over every core."""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

import msgspec

from distributed.testing.cluster_spec import SMALL, ClusterSpec
from distributed.testing.scenario import drawn, play


class SeedOutcome(msgspec.Struct, frozen=True):
    """How one seed ended, small enough to cross between processes.

    `violation` is "" for a clean run; `real_seconds` is the processor's time for it.
    """

    seed: int
    violation: str
    digest: str
    jobs: dict[str, int]
    faults: int
    virtual_seconds: float
    real_seconds: float
    story: str = ""


class Campaign(msgspec.Struct, frozen=True):
    """What is run for every seed."""

    profile: str = "chaos"
    minutes: float = 5.0
    spec: ClusterSpec = SMALL


def replay_command(seed: int, campaign: Campaign) -> str:
    """What to type to see the run of a seed again."""
    text = f"shoal simulate cluster --seed {seed} --profile {campaign.profile}"
    return f"{text} --minutes {campaign.minutes:g}"


def _crashed(seed: int, error: BaseException) -> SeedOutcome:
    return SeedOutcome(seed, f"the run itself failed: {error!r}", "", {}, 0, 0.0, 0.0)


def run_seed(seed: int, campaign: Campaign) -> SeedOutcome:
    """Play one seed in this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        began = time.process_time()
        report = play(
            drawn(seed, profile=campaign.profile, minutes=campaign.minutes, spec=campaign.spec)
        )
        took = time.process_time() - began
    return SeedOutcome(
        seed,
        "; ".join(str(violation) for violation in report.violations[:3]),
        report.digest,
        report.jobs,
        report.faults,
        report.virtual_seconds,
        took,
        report.story,
    )


def run_campaign(
    campaign: Campaign,
    *,
    first_seed: int,
    budget_seconds: float,
    most_seeds: int | None = None,
    processes: int | None = None,
    on_outcome: Callable[[SeedOutcome], None] = lambda _: None,
) -> list[SeedOutcome]:
    """Play seed after seed until the budget of real time is spent; what is under way is finished.

    Every outcome goes to `on_outcome` as it comes.
    """
    outcomes: list[SeedOutcome] = []
    count = processes or len(os.sched_getaffinity(0))
    deadline = time.monotonic() + budget_seconds
    seeds = iter(range(first_seed, first_seed + (most_seeds or 10**9)))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        pending: dict[Future[SeedOutcome], int] = {}
        while True:
            pending |= {
                pool.submit(run_seed, seed, campaign): seed
                for seed in _next(seeds, count - len(pending), deadline)
            }
            if not pending:
                return outcomes
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                seed = pending.pop(future)
                error = future.exception()
                outcomes.append(future.result() if error is None else _crashed(seed, error))
                on_outcome(outcomes[-1])


def _next(seeds: Iterator[int], count: int, deadline: float) -> Iterator[int]:
    for _ in range(count):
        if time.monotonic() >= deadline:
            return
        seed = next(seeds, None)
        if seed is None:
            return
        yield seed
