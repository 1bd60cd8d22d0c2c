"""Limits change while a node runs: those that are meant to, to what makes sense, all or none."""

from __future__ import annotations

import pytest

from distributed.errors import ConfigError
from distributed.gate.settings import LIVE, GateSettings
from distributed.settings.live import limits_of, with_limits


def test_a_change_leaves_the_rest_as_it_was() -> None:
    before = GateSettings(lease_seconds=7.0)
    after = with_limits(before, {"submissions_per_second": 2.5, "max_open_jobs": 10.0}, LIVE)
    assert limits_of(after, LIVE) == {
        **limits_of(before, LIVE),
        "submissions_per_second": 2.5,
        "max_open_jobs": 10,
    }
    assert isinstance(after.max_open_jobs, int)
    assert after.lease_seconds == 7.0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("lease_seconds", 1.0, "no limit of a running node"),
        ("max_open_jobs", -1.0, "0 or more"),
        ("max_open_jobs", float("nan"), "0 or more"),
        ("max_open_jobs", float("inf"), "0 or more"),
        ("max_open_jobs", 1.5, "must be whole"),
    ],
)
def test_what_is_no_limit_is_refused_with_its_name(name: str, value: float, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        with_limits(GateSettings(), {"log_lines": 5.0, name: value}, LIVE)
    assert caught.value.field == name


@pytest.mark.parametrize("role", ["gate", "manager", "worker"])
def test_every_live_limit_is_a_number_of_its_section(role: str) -> None:
    import importlib

    module = importlib.import_module(f"distributed.{role}.settings")
    section = getattr(module, f"{role.title()}Settings")()
    stand = limits_of(section, module.LIVE)
    assert with_limits(section, stand, module.LIVE) == section
