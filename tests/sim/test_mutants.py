"""A build that is broken on purpose does not get through chaos."""

from __future__ import annotations

import pytest

from distributed.testing.scenario import drawn, play

from .mutants import MUTANTS

SEEDS = range(1, 13)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_build_is_caught(name: str) -> None:
    mutant, profile = MUTANTS[name]
    for seed in SEEDS:
        with mutant():
            report = play(drawn(seed, profile=profile, minutes=0.75, jobs=12))
        if report.failed:
            return
    pytest.fail(f"{name} went through {len(SEEDS)} seeds of {profile}")
