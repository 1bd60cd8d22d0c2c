"""Datacenter health as a table: the worst signal decides, and busy is not unhealthy (GM 3.4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.health.bucket import Bucket
from distributed.health.capacity import Capacity
from distributed.health.datacenter import HealthDamper, classify
from distributed.health.federated import Reach
from distributed.health.slo import SloLevel


def capacity(**changes: Any) -> Capacity:
    fields: dict[str, Any] = {
        "at": 0.0,
        "managers": 3,
        "healthy_managers": 3,
        "workers": 4,
        "healthy_workers": 4,
        "free_cores": 10,
        "total_cores": 32,
        "largest_worker": 8,
        "queued": 0,
        "dispatch_rate": 1.0,
        "wait_seconds": 0.0,
        "pressure": 0.0,
        "draining": False,
    }
    return Capacity(**(fields | changes))


@pytest.mark.parametrize(
    ("facts", "signals", "bucket"),
    [
        ({}, {}, Bucket.HEALTHY),
        ({"free_cores": 0}, {}, Bucket.BUSY),
        ({"free_cores": 0, "queued": 10_000, "pressure": 1.0}, {}, Bucket.BUSY),
        ({"healthy_managers": 0, "free_cores": 0}, {}, Bucket.BUSY),
        ({"workers": 0, "healthy_workers": 0}, {}, Bucket.UNHEALTHY),
        ({"healthy_workers": 1}, {}, Bucket.DEGRADED),
        ({"healthy_workers": 2}, {}, Bucket.HEALTHY),
        ({"managers": 1, "healthy_managers": 1}, {"known_managers": 3}, Bucket.DEGRADED),
        ({"managers": 2, "healthy_managers": 2}, {"known_managers": 3}, Bucket.HEALTHY),
        ({}, {"reach": Reach.SUSPECTED}, Bucket.DEGRADED),
        ({}, {"reach": Reach.UNREACHABLE}, Bucket.UNHEALTHY),
        ({}, {"reach": Reach.UNREACHABLE, "shielded": True}, Bucket.DEGRADED),
        ({}, {"slo": SloLevel.VIOLATING}, Bucket.BUSY),
        ({}, {"slo": SloLevel.CRITICAL}, Bucket.DEGRADED),
        (None, {"known_managers": 2}, Bucket.UNHEALTHY),
        (None, {"known_managers": 2, "shielded": True}, Bucket.DEGRADED),
        (None, {}, Bucket.DEGRADED),
    ],
)
def test_signals_and_their_bucket(
    facts: dict[str, Any] | None, signals: dict[str, Any], bucket: Bucket
) -> None:
    """GM Q3: all managers strained make a datacenter busy, no workers make it unhealthy."""
    found = classify(None if facts is None else capacity(**facts), **signals)
    assert found.bucket is bucket
    assert bool(found.reasons) == (bucket is not Bucket.HEALTHY)


@given(
    st.builds(
        capacity,
        free_cores=st.integers(0, 32),
        queued=st.integers(0, 10_000),
        pressure=st.floats(0, 1),
        wait_seconds=st.floats(0, 1e6),
        healthy_managers=st.integers(0, 3),
    )
)
def test_load_alone_is_never_worse_than_busy(loaded: Capacity) -> None:
    assert classify(loaded).bucket <= Bucket.BUSY


def test_getting_worse_is_believed_at_once_and_getting_better_when_it_lasts() -> None:
    """MW 44.10, 48.3."""
    damper = HealthDamper(settle_seconds=5.0)
    steps = [
        (0.0, Bucket.HEALTHY, Bucket.HEALTHY),
        (1.0, Bucket.UNHEALTHY, Bucket.UNHEALTHY),
        (2.0, Bucket.HEALTHY, Bucket.UNHEALTHY),
        (4.0, Bucket.UNHEALTHY, Bucket.UNHEALTHY),
        (5.0, Bucket.HEALTHY, Bucket.UNHEALTHY),
        (9.9, Bucket.HEALTHY, Bucket.UNHEALTHY),
        (10.0, Bucket.HEALTHY, Bucket.HEALTHY),
    ]
    assert [damper.step(found, now) for now, found, _ in steps] == [used for *_, used in steps]


def test_being_busy_is_left_at_once() -> None:
    damper = HealthDamper(settle_seconds=5.0)
    damper.step(Bucket.BUSY, 0.0)
    assert damper.step(Bucket.HEALTHY, 0.1) is Bucket.HEALTHY


def test_a_datacenter_that_comes_up_has_nothing_to_prove() -> None:
    damper = HealthDamper(settle_seconds=5.0)
    damper.step(Bucket.UNHEALTHY, 0.0)
    assert damper.step(Bucket.HEALTHY, 0.1) is Bucket.HEALTHY
    damper.step(Bucket.UNHEALTHY, 0.2)
    assert damper.step(Bucket.HEALTHY, 0.3) is Bucket.UNHEALTHY


def test_a_flapping_datacenter_has_to_prove_more() -> None:
    """GM 26.2b."""
    damper = HealthDamper(settle_seconds=1.0, flapping_seconds=30.0)
    damper.step(Bucket.DEGRADED, 0.0)
    assert damper.step(Bucket.HEALTHY, 1.0, flapping=True) is Bucket.DEGRADED
    assert damper.step(Bucket.HEALTHY, 30.9, flapping=True) is Bucket.DEGRADED
    assert damper.step(Bucket.HEALTHY, 31.0, flapping=True) is Bucket.HEALTHY
