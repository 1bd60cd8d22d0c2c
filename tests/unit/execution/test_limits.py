"""Limit watching decides as a table: fine, warn once, wait where unsure, kill."""

from __future__ import annotations

import pytest

from distributed.execution.limits import LimitWatch, Usage, Verdict


@pytest.mark.parametrize(
    ("samples", "verdicts"),
    [
        ([10, 20], [Verdict.FINE, Verdict.FINE]),
        ([85, 90], [Verdict.WARN, Verdict.FINE]),
        ([105, 90, 105], [Verdict.FINE, Verdict.WARN, Verdict.FINE]),
        ([105, 105], [Verdict.FINE, Verdict.KILL]),
        ([130], [Verdict.KILL]),
    ],
)
def test_memory_samples_against_a_limit_of_a_hundred(
    samples: list[int], verdicts: list[Verdict]
) -> None:
    """MW 41.13a, c, e."""
    watch = LimitWatch(100, None, None)
    assert [watch.judge(Usage(sample, 0.0)) for sample in samples] == verdicts


def test_processor_time_counts_from_the_attempts_start() -> None:
    watch = LimitWatch(None, 1.0, Usage(0, 50.0))
    assert watch.judge(Usage(0, 50.5)) is Verdict.FINE
    assert watch.judge(Usage(0, 51.5)) is Verdict.KILL
    assert watch.reason == "cpu limit: 1.50 s of processor time used, 1.0 allowed"
