"""The memory guard over the whole worker, as a table of samples."""

from __future__ import annotations

import pytest

from distributed.worker.guards import MemoryGuard
from distributed.worker.settings import WorkerSettings

SETTINGS = WorkerSettings(memory_warn=0.8, memory_refuse=0.9, memory_kill=0.97)


@pytest.mark.parametrize(
    ("samples", "levels"),
    [
        ([0.5], ["healthy"]),
        ([0.85], ["busy"]),
        ([0.92], ["overloaded"]),
        ([0.92, 0.5], ["overloaded", "overloaded"]),
        ([0.92, 0.5, 0.5], ["overloaded", "overloaded", "healthy"]),
        ([0.92, 0.5, 0.92, 0.5], ["overloaded"] * 4),
        ([0.92, 0.85, 0.85], ["overloaded", "overloaded", "busy"]),
    ],
)
def test_levels_rise_at_once_and_fall_after_two_samples(
    samples: list[float], levels: list[str]
) -> None:
    """MW 5.2, 41.13a, b, 44.10, 48.3."""
    guard = MemoryGuard(SETTINGS)
    seen = []
    for share in samples:
        guard.sample(share)
        seen.append(guard.level)
    assert seen == levels


@pytest.mark.parametrize(
    ("samples", "kills"),
    [
        ([0.98], [False]),
        ([0.98, 0.9, 0.98], [False, False, False]),
        ([0.98, 0.98, 0.98], [False, True, False]),
    ],
)
def test_a_kill_needs_two_samples_and_is_asked_for_once(
    samples: list[float], kills: list[bool]
) -> None:
    """MW 57.6, 41.13c, e: a passing peak ends nothing."""
    guard = MemoryGuard(SETTINGS)
    assert [guard.sample(share) for share in samples] == kills
