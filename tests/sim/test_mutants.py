"""A build that is broken on purpose does not get through chaos."""

from __future__ import annotations

import pytest

from distributed.testing.scenario import drawn, play

from .mutants import MUTANTS

SEEDS = range(1, 13)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_build_is_caught_by_the_rule_that_it_breaks(name: str) -> None:
    mutant, profile, rule = MUTANTS[name]
    broken: set[str] = set()
    for seed in SEEDS:
        with mutant():
            report = play(drawn(seed, profile=profile, minutes=0.75, jobs=12))
        broken = {violation.invariant for violation in report.violations}
        if broken:
            break
    assert rule in broken, f"{name} in {len(SEEDS)} seeds of {profile}"
