"""The routing simulator: repeatable, honest about its physics, and what it says of our policy."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from distributed.testing.routing_simulator.comparison import SIMPLE, compare
from distributed.testing.routing_simulator.trace import (
    Arrival,
    Fault,
    FaultKind,
    Site,
    Trace,
    load_trace,
    save_trace,
)
from distributed.testing.routing_simulator.traces import TRACES, trace
from distributed.testing.routing_simulator.world import Cores

SITES = (
    Site(name="near", rtt_seconds=0.01, cores=8),
    Site(name="mid", rtt_seconds=0.05, cores=8),
    Site(name="far", rtt_seconds=0.2, cores=16),
)


def small(*faults: Fault, per_second: float = 60.0, seconds: float = 60.0) -> Trace:
    random = Random(3)
    now, arrivals = 0.0, []
    while now < seconds:
        now += random.expovariate(per_second)
        arrivals.append(Arrival(now, random.expovariate(1 / 0.15)))
    return Trace(
        name="small", about="", sites=SITES, arrivals=tuple(arrivals), faults=tuple(faults)
    )


def fault(kind: FaultKind, site: str = "near", factor: float = 1.0) -> Fault:
    return Fault(site=site, kind=kind, start=15.0, end=40.0, factor=factor)


def test_work_waits_for_a_core_in_order() -> None:
    cores = Cores(2)
    starts = [cores.take(0.0, 1, 10.0), cores.take(0.0, 2, 5.0), cores.take(1.0, 1, 1.0)]
    assert starts == [0.0, 10.0, 15.0]
    assert (cores.free(0.5), cores.waiting(0.5)) == (0, 2)
    assert cores.wait_seconds(1.0) == 14.0
    assert cores.free(16.0) == 2


def test_the_same_seed_gives_the_same_result() -> None:
    first = compare(small(), seed=5, policies=["shoal", "two-choices"])
    second = compare(small(), seed=5, policies=["shoal", "two-choices"])
    assert first == second


def test_a_trace_can_be_recorded_and_replayed(tmp_path: Path) -> None:
    recorded = small(fault(FaultKind.SLOW, factor=2.0))
    save_trace(recorded, tmp_path / "trace.json")
    assert load_trace(tmp_path / "trace.json") == recorded


@pytest.mark.parametrize("name", list(TRACES))
def test_generated_traces_repeat_by_seed(name: str) -> None:
    assert trace(name, 2).arrivals[:50] == trace(name, 2).arrivals[:50]
    assert trace(name, 2).arrivals[:50] != trace(name, 3).arrivals[:50]


@pytest.mark.parametrize(
    "faults",
    [
        (),
        (fault(FaultKind.DRAINING),),
        (fault(FaultKind.SLOW, factor=2.0),),
        (fault(FaultKind.FAILING),),
        (fault(FaultKind.CUT),),
    ],
    ids=["calm", "draining", "slow link", "failing", "cut"],
)
def test_every_job_ends_and_ours_is_near_the_oracle(faults: tuple[Fault, ...]) -> None:
    """GM 27.1a, 27.1b, 27.3a, 27.3c.

    A try at a datacenter that fails at once costs little time, so that on this small map a
    policy that keeps trying it can be as fast; ours avoids the failures as such.
    """
    comparison = compare(small(*faults, seconds=90.0))
    ours = comparison.results["shoal"]
    assert ours.lost == 0
    assert ours.jobs == len(small(seconds=90.0).arrivals)
    assert ours.dispatches_per_job <= 1.2
    assert comparison.to_best_simple <= 1.05
    assert comparison.to_oracle <= 1.2
    assert set(SIMPLE) < set(comparison.results)


def test_a_bigger_datacenter_gets_more_once_the_nearer_are_full() -> None:
    """GM 27.2d."""
    placed = compare(small(per_second=170.0), policies=["shoal"]).results["shoal"].placed
    assert placed["far"] > 0.1 * sum(placed.values())


def test_a_failing_datacenter_loses_its_share_and_gets_it_back() -> None:
    """GM 27.3c."""
    broken = compare(small(fault(FaultKind.FAILING), seconds=120.0), policies=["shoal"])
    sound = compare(small(seconds=120.0), policies=["shoal"])
    lost = sound.results["shoal"].placed["near"] - broken.results["shoal"].placed["near"]
    assert lost > 0.15 * sound.results["shoal"].placed["near"]
    assert broken.results["shoal"].placed["near"] > 0.3 * sound.results["shoal"].placed["near"]
