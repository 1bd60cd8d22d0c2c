"""Cuts a failing scenario down to the fewest faults and jobs that still fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from distributed.testing.scenario import Report, Scenario, play

T = TypeVar("T")
Fails = Callable[[Scenario], bool]


class Shrinker:
    """Delta debugging (Zeller and Hildebrandt, TSE 2002) over faults, then jobs.

    A smaller scenario counts where it breaks the same rule. A smaller one may take another
    course: what comes out is a scenario that fails, not the same failure step by step.

    Args:
        most_runs: how many scenarios may be played.
        run: plays one.
    """

    def __init__(self, *, most_runs: int = 150, run: Callable[[Scenario], Report] = play) -> None:
        self._left = most_runs
        self._run = run

    def shrink(self, failed: Report) -> Report:
        """The report of the smallest scenario found.

        Raises:
            ValueError: the report is of a run that did not fail.
        """
        if not failed.failed:
            raise ValueError("only a failed run can be made smaller")
        rule = failed.violations[0].invariant
        best = failed

        def fails(scenario: Scenario) -> bool:
            nonlocal best
            self._left -= 1
            report = self._run(scenario)
            if any(violation.invariant == rule for violation in report.violations):
                best = report
                return True
            return False

        def with_faults(faults: Sequence[object]) -> Scenario:
            return msgspec.structs.replace(best.scenario, faults=tuple(faults))

        def with_arrivals(arrivals: Sequence[object]) -> Scenario:
            return msgspec.structs.replace(best.scenario, arrivals=tuple(arrivals))

        self._reduce(best.scenario.faults, lambda kept: fails(with_faults(kept)))
        self._reduce(best.scenario.arrivals, lambda kept: fails(with_arrivals(kept)))
        self._reduce(best.scenario.faults, lambda kept: fails(with_faults(kept)))
        return best

    def _reduce(self, items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
        """The fewest of `items` that still fail, found by leaving out ever smaller pieces."""
        kept = list(items)
        pieces = 2
        while kept and self._left > 0:
            size = max(1, len(kept) // pieces)
            for start in range(0, len(kept), size):
                rest = kept[:start] + kept[start + size :]
                if self._left > 0 and fails(rest):
                    kept, pieces = rest, max(2, pieces - 1)
                    break
            else:
                if size == 1:
                    break
                pieces = min(len(kept), pieces * 2)
        return kept
