"""The core on a simulated network: one seed, one outcome; experiments tell what they must."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from distributed import _native
from distributed.errors import ConfigError
from distributed.testing.core_simulation import (
    LIFEGUARD,
    SWIM,
    Candidate,
    CoreSettings,
    blocked,
    boot,
    coordinates,
    detection,
    dissemination,
    impaired,
    quiet,
    search,
    stopped,
)

SMALL = CoreSettings(seed=3)


def test_the_same_seed_gives_the_same_detection() -> None:
    one = detection(SMALL, nodes=16, kills=3)
    other = detection(SMALL, nodes=16, kills=3)
    assert one == other
    assert one.trace != detection(SMALL.with_seed(4), nodes=16, kills=3).trace


def test_every_death_is_told_to_all_survivors_and_nobody_else_dies() -> None:
    found = detection(SMALL, nodes=16, kills=3)
    assert len(found.deaths) == 3
    assert (found.untold, found.false_deaths) == (0, 0)
    assert all(told.first <= told.median <= told.last for told in found.deaths)


def test_a_change_reaches_every_node_at_a_loss_of_a_fifth() -> None:
    found = dissemination(SMALL, nodes=32, changes=3, loss=0.2)
    assert [change.missed for change in found.changes] == [0, 0, 0]
    assert all(len(change.reached) == 31 for change in found.changes)


def test_lifeguard_spares_the_healthy_whom_plain_swim_buries() -> None:
    def false_deaths(settings: CoreSettings) -> int:
        outcome = blocked(
            settings, nodes=64, concurrent=8, blocked_seconds=16.0, running_seconds=0.064
        )
        return outcome.healthy_at_healthy

    assert false_deaths(SWIM) >= 50 * max(1, false_deaths(LIFEGUARD))


def test_a_boot_ends_in_one_view_and_tells_its_progress() -> None:
    shares: list[float] = []
    found = boot(SMALL, nodes=64, progress=shares.append)
    assert found.one_view is not None
    assert found.sizes[-1].least == 64
    assert shares == sorted(shares)


def test_a_node_that_hears_nothing_in_flips_goes_out_once_and_comes_back_when_mended() -> None:
    found = impaired(SMALL, nodes=32, faulty=2, flip_seconds=20.0, span_seconds=120.0)
    assert found.out_for_good is not None
    assert found.healthy_lost == 0
    assert found.recovered is not None


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize(("nodes", "concurrent"), [(4, 1), (32, 8)])
def test_who_stands_still_for_three_seconds_is_suspected_and_dies_nowhere(
    nodes: int, concurrent: int, frozen: bool
) -> None:
    """earlier-membership 11.79."""
    found = stopped(SMALL, nodes=nodes, concurrent=concurrent, frozen=frozen, rounds=5)
    assert found.suspected > 0
    assert found.refuted == found.suspected
    assert found.false_deaths == 0


def test_who_stands_still_for_a_quarter_of_a_minute_is_held_for_dead() -> None:
    assert stopped(SMALL, nodes=16, stopped_seconds=15.0, rounds=1).false_deaths == 15


def test_loss_of_a_fifth_for_two_minutes_kills_nobody() -> None:
    """earlier-membership 11.80."""
    found = quiet(SMALL, nodes=20, loss=0.2)
    assert found.suspected > 0
    assert found.false_deaths == 0


def test_a_death_is_known_in_half_the_time_that_memberlists_constants_take() -> None:
    ours = detection(SMALL, nodes=64, kills=12)
    theirs = detection(CoreSettings(profile="memberlist_lan", seed=3), nodes=64, kills=12)
    assert (ours.false_deaths, theirs.untold) == (0, 0)
    assert ours.last(0.5) < 0.6 * theirs.last(0.5)


def test_memberlists_constants_follow_memberlists_curve() -> None:
    found = detection(CoreSettings(profile="memberlist_lan", seed=3), nodes=64, kills=12)
    curve = 4.0 * math.log10(64) + 2.0
    assert 0.7 * curve < found.last(0.5) < 1.3 * curve


def test_a_quiet_member_sends_one_probe_and_one_answer_a_period() -> None:
    found = quiet(SMALL, nodes=32, span_seconds=30.0)
    assert 3.9 < found.datagrams < 4.4
    assert (found.suspected, found.false_deaths) == (0, 0)


def test_a_search_measures_each_candidate_beside_the_baseline() -> None:
    candidate = Candidate("quick", SMALL.with_overrides(suspicion__alpha=1.0))
    found = search([candidate], nodes=16, kills=2)
    assert found.points[0].last < found.baseline.last
    assert found.points[0].bytes > found.baseline.bytes
    assert found.best == [point for point in found.points if not point.stopped_deaths]


def test_an_exception_in_the_progress_callback_ends_the_experiment() -> None:
    def refuse(_: float) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        boot(SMALL, nodes=64, progress=refuse)


def test_a_setting_that_cannot_stand_is_named() -> None:
    with pytest.raises(ConfigError, match="alpha"):
        boot(SMALL.with_overrides(suspicion__alpha=-1.0), nodes=4)


def test_a_simulator_is_driven_by_hand() -> None:
    sim = _native.Simulator(8, profile="lan", seed=1, overrides={})
    sim.join_all()
    assert sim.run_until_one_view(30.0)
    sim.kill(3)
    sim.run(60.0)
    deaths = [seen for seen in sim.take_sightings() if seen[3] in ("condemned", "told_dead")]
    assert {seen[1] for seen in deaths} == {0, 1, 2, 4, 5, 6, 7}
    assert {seen[2] for seen in deaths} == {3}
    with pytest.raises(ConfigError, match="no node 99"):
        sim.kill(99)


def test_coordinates_come_to_tell_round_trips() -> None:
    found = coordinates(CoreSettings(profile="wan", seed=3), nodes=12, rounds=60, look=20)
    assert [at.round for at in found.timeline] == [20, 40, 60]
    assert found.timeline[-1].median < 0.1
    assert found.timeline[-1].unknown == 0.0


@pytest.mark.parametrize("nodes", [0, 1])
def test_an_experiment_on_no_cluster_is_refused(nodes: int) -> None:
    refused: list[Callable[[], object]] = [
        lambda: detection(CoreSettings(), nodes=nodes, kills=1),
        lambda: boot(CoreSettings(), nodes=nodes),
        lambda: coordinates(CoreSettings(), nodes=nodes, rounds=1, look=1),
        lambda: impaired(CoreSettings(), nodes=nodes, faulty=0),
    ]
    for experiment in refused:
        with pytest.raises(ConfigError, match="nodes: must be at least 2"):
            experiment()


def test_faulty_nodes_need_healthy_ones_beside_them() -> None:
    with pytest.raises(ConfigError, match="faulty: must leave a healthy node"):
        impaired(CoreSettings(), nodes=4, faulty=4)
