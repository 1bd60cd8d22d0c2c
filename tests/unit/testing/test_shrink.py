"""Cutting a failure down, and plans that a seed fixes."""

from __future__ import annotations

import pytest

from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import VERBS, Fault
from distributed.testing.invariants import Violation
from distributed.testing.nemesis import PROFILES, Nemesis
from distributed.testing.scenario import Report, Scenario, drawn
from distributed.testing.shrink import Shrinker


def report(scenario: Scenario, *, rule: str = "") -> Report:
    broken = (Violation(rule, 1.0, "it broke"),) if rule else ()
    return Report(scenario, broken, "", 1.0, {}, len(scenario.faults), 0, "")


def fails_on_two(scenario: Scenario) -> Report:
    """Breaks a rule where both guilty faults are there, another where one is."""
    targets = {fault.target for fault in scenario.faults}
    if {"g1", "g2"} <= targets:
        return report(scenario, rule="the rule")
    return report(scenario, rule="another" if "g1" in targets else "")


def test_a_failure_is_cut_down_to_what_it_needs() -> None:
    faults = tuple(Fault(float(at), "kill", f"g{at % 9}") for at in range(40))
    whole = Scenario(seed=1, seconds=60.0, faults=faults)
    small = Shrinker(run=fails_on_two).shrink(report(whole, rule="the rule"))
    assert sorted(fault.target for fault in small.scenario.faults) == ["g1", "g2"]


def test_a_clean_run_cannot_be_cut_down() -> None:
    with pytest.raises(ValueError, match="only a failed run"):
        Shrinker(run=fails_on_two).shrink(report(Scenario(seed=1, seconds=1.0)))


def test_a_seed_fixes_jobs_and_faults() -> None:
    assert drawn(5, minutes=2.0) == drawn(5, minutes=2.0)
    assert drawn(5, minutes=2.0) != drawn(6, minutes=2.0)


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "calm"])
def test_every_profile_draws_verbs_that_exist(name: str) -> None:
    plan = Nemesis(3, SMALL, PROFILES[name]).plan(600.0)
    assert plan
    assert {fault.kind for fault in plan} <= VERBS.keys()
