"""Three signals for a node, and service levels of a datacenter (GM 3.1, 41.14, 41.29)."""

from __future__ import annotations

import pytest

from distributed.health.node import Action, NodeHealth, waiting_beside_free
from distributed.health.slo import SloClassifier, SloLevel, SloTargets
from distributed.stats.sketch import LatencySketch


def node(**report: float | bool) -> NodeHealth:
    health = NodeHealth(0.0)
    if report:
        fields: dict[str, float | bool] = {"ready": True, "held": 1, "state": 1.0} | report
        health.reported(0.0, **fields)  # type: ignore[arg-type]
    return health


@pytest.mark.parametrize(
    ("health", "now", "action"),
    [
        (node(held=1), 1.0, Action.ROUTE),
        (node(ready=False), 1.0, Action.DRAIN),
        (node(), 14.0, Action.INVESTIGATE),
        (node(held=1), 11.0, Action.INVESTIGATE),
        (node(held=1), 31.0, Action.EVICT),
        (node(), 5.0, Action.ROUTE),
    ],
    ids=["well", "not ready", "new and silent", "silent", "silent too long", "new, in grace"],
)
def test_signals_call_for_an_action(health: NodeHealth, now: float, action: Action) -> None:
    """GM 3.1d, 3.1e, 3.1f."""
    assert health.signals(now).action is action


def test_failed_contacts_count_until_it_is_heard_again() -> None:
    """GM 3.1a, 3.1b, 3.1c."""
    health = node(held=1)
    found = []
    for _ in range(3):
        health.failed()
        found.append(health.signals(1.0).reachable)
    assert found == [True, True, False]
    health.heard(2.0)
    assert health.signals(2.0).reachable


def test_work_held_without_progress_is_stuck() -> None:
    health = node(held=2, state=10.0)
    for now in range(5, 65, 5):
        health.reported(float(now), ready=True, held=2, state=10.0)
    found = health.signals(61.0)
    assert (found.reachable, found.progressing, found.action) == (True, False, Action.INVESTIGATE)
    health.reported(62.0, ready=True, held=2, state=11.0)
    assert health.signals(62.0).progressing


@pytest.mark.parametrize(
    ("queued", "free", "held"), [(0, 4, 0), (7, 0, 0), (7, 1, 7)], ids=["idle", "full", "stuck"]
)
def test_only_work_beside_free_cores_waits_without_need(queued: int, free: int, held: int) -> None:
    """Busy is not unhealthy: a full node's queue says nothing."""
    assert waiting_beside_free(queued, free) == held


def test_an_idle_node_is_not_stuck() -> None:
    health = node(held=0)
    for now in range(0, 200, 5):
        health.reported(float(now), ready=True, held=0, state=0.0)
    assert health.signals(200.0).progressing


def sketch(*values: float) -> bytes:
    made = LatencySketch()
    made.add_many(list(values))
    return made.to_bytes()


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (0.02, SloLevel.EXCEEDING),
        (0.13, SloLevel.MEETING),
        (0.15, SloLevel.WARNING),
        (0.19, SloLevel.VIOLATING),
        (0.3, SloLevel.CRITICAL),
    ],
)
def test_latencies_and_their_level(seconds: float, level: SloLevel) -> None:
    """MW 16.2a, 16.4a-c, GM 41.14a."""
    slo = SloClassifier()
    slo.record(sketch(*[seconds] * 200), 0.0)
    assert slo.view(0.0).level is level


def test_a_violator_is_penalised_and_nobody_else() -> None:
    """GM 41.14e, 41.29a."""
    slow, fast = SloClassifier(), SloClassifier()
    slow.record(sketch(*[1.0] * 200), 0.0)
    fast.record(sketch(*[0.01] * 200), 0.0)
    assert slow.view(0.0).factor > 1.5 > 1.0 >= fast.view(0.0).factor


def test_a_few_samples_say_little() -> None:
    """GM 41.14c."""
    slo = SloClassifier()
    slo.record(sketch(1.0, 1.0), 0.0)
    assert slo.view(0.0).level <= SloLevel.WARNING


def test_the_order_in_which_latencies_are_merged_changes_nothing() -> None:
    """GM 41.14b, 41.29e."""
    parts = [sketch(0.01 * n, 0.3) for n in range(1, 40)]
    views = []
    for order in (parts, parts[::-1], sorted(parts)):
        slo = SloClassifier()
        for part in order:
            slo.record(part, 0.0)
        views.append(slo.view(0.0))
    assert views[0] == views[1] == views[2]


def test_health_acts_only_on_what_lasts() -> None:
    """MW 58.10: one alert for a threshold that stays crossed."""
    slo = SloClassifier()
    slo.record(sketch(*[1.0] * 200), 0.0)
    assert slo.view(59.0).sustained is SloLevel.WARNING
    assert slo.view(60.0).sustained is SloLevel.CRITICAL
    slo.record(sketch(*[0.01] * 20_000), 61.0)
    assert slo.view(200.0).sustained <= SloLevel.WARNING


def test_windows_rotate_and_old_ones_do_not_count() -> None:
    """MW 16.2b-c, GM 41.14d, 41.29d."""
    slo = SloClassifier(SloTargets(window_seconds=10.0, windows=3))
    for number in range(50):
        slo.record(sketch(1.0), number * 10.0)
    assert slo.view(490.0).samples == 3
    assert slo.view(600.0).samples == 0
