"""Progress merging: repeated, late and lost reports change nothing in the end."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from distributed.messages.progress import AttemptProgress
from distributed.stats.progress import JobProgressMerge, Verdict
from distributed.stats.sketch import LatencySketch


def report(
    sequence: int, done: int, *, attempt: int = 1, workflow: str = "load", sketch: bytes = b""
) -> AttemptProgress:
    return AttemptProgress(
        workflow=workflow,
        attempt=attempt,
        sequence=sequence,
        elapsed_seconds=float(sequence),
        done=done,
        total=100,
        counters={"requests": float(done)},
        sketch=sketch,
    )


def merge() -> JobProgressMerge:
    return JobProgressMerge(frozenset({"load", "check"}))


def test_a_report_that_is_not_newer_is_dropped() -> None:
    """GM 7.2a, 7.2b, 21.2b."""
    progress = merge()
    assert progress.accept(report(2, 20)).verdict is Verdict.MERGED
    assert progress.accept(report(2, 20)).verdict is Verdict.STALE
    assert progress.accept(report(1, 10)).verdict is Verdict.STALE
    assert progress.totals() == {"requests": 20.0}


def test_a_gap_in_the_sequence_is_noticed() -> None:
    """GM 23.3c."""
    progress = merge()
    progress.accept(report(1, 10))
    assert progress.accept(report(5, 50)).missed == 3


def test_a_merge_tells_what_was_added_since_the_last_one() -> None:
    progress = merge()
    sketch = LatencySketch()
    sketch.add(0.1)
    progress.accept(report(1, 10, sketch=sketch.to_bytes()))
    sketch.add(0.2)
    merged = progress.accept(report(2, 25, sketch=sketch.to_bytes()))
    assert merged.added == {"requests": 15.0, "done": 15}
    assert merged.latency is not None
    assert merged.latency.count == 1


def test_cumulative_totals_are_not_added_up() -> None:
    """The reports 100, 200, 300 read as 300, never as 600."""
    progress = merge()
    for sequence, done in enumerate((100, 200, 300), start=1):
        progress.accept(report(sequence, done))
    assert progress.totals()["requests"] == 300.0


def test_a_counter_that_falls_within_an_attempt_keeps_its_maximum() -> None:
    progress = merge()
    progress.accept(report(1, 50))
    progress.accept(report(2, 40))
    assert progress.totals()["requests"] == 50.0


def test_what_a_lost_attempt_did_stays_counted() -> None:
    """MW 51.2."""
    progress = merge()
    progress.accept(report(3, 30, attempt=1))
    progress.accept(report(1, 5, attempt=2))
    assert progress.totals()["requests"] == 35.0
    current = progress.current("load")
    assert current is not None
    assert current.done == 5


def test_a_late_report_of_an_older_attempt_changes_nothing() -> None:
    """MW 50.2: progress of a zombie is ignored."""
    progress = merge()
    progress.accept(report(1, 5, attempt=2))
    assert progress.accept(report(9, 90, attempt=1)).verdict is Verdict.STALE
    assert progress.totals()["requests"] == 5.0


def test_an_unknown_workflow_is_refused_and_kept_nowhere() -> None:
    """GM 7.2c."""
    progress = merge()
    assert progress.accept(report(1, 1, workflow="other")).verdict is Verdict.UNKNOWN
    assert progress.current("other") is None


def test_after_the_final_nothing_changes() -> None:
    """GM 7.2d."""
    progress = merge()
    progress.accept(report(1, 10))
    progress.close("load")
    assert progress.accept(report(2, 20)).verdict is Verdict.CLOSED
    assert progress.totals()["requests"] == 10.0


def test_counters_and_attempts_are_bounded() -> None:
    """MW 38.1c."""
    progress = JobProgressMerge(frozenset({"load"}), max_attempts=2)
    wide = AttemptProgress("load", 1, 1, 0.0, counters={f"c{n}": 1.0 for n in range(65)})
    assert progress.accept(wide).verdict is Verdict.OVER_LIMIT
    progress.accept(report(1, 1, attempt=2))
    assert progress.accept(report(1, 1, attempt=3)).verdict is Verdict.OVER_LIMIT


def test_a_broken_sketch_is_refused_whole() -> None:
    progress = merge()
    broken = report(1, 10, sketch=b"\x07nonsense")
    assert progress.accept(broken).verdict is Verdict.MALFORMED
    assert progress.totals() == {}


def test_datacenters_merge_into_one_view() -> None:
    """GM 7.1c, 7.1d, 7.3a, 7.3b, 8.2a, 8.2b."""
    progress = merge()
    progress.accept(report(1, 10), "east")
    progress.accept(report(1, 30), "west")
    assert progress.totals()["requests"] == 40.0
    assert progress.totals("east")["requests"] == 10.0
    assert progress.fraction() == 0.2


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_any_order_with_repeats_and_losses_ends_the_same(
    shuffler: random.Random, steps: list[int]
) -> None:
    """MW 55.3, 58.3, GM 8.2c-d, 21.2a, 21.3a, 28.3b, invariant 6: as long as the last report
    arrives.
    """
    reports = [report(n, sum(steps[:n])) for n in range(1, len(steps) + 1)]
    arriving = [r for r in reports for _ in range(shuffler.randint(0, 2))] + [reports[-1]]
    shuffler.shuffle(arriving)
    progress = merge()
    seen = 0.0
    for item in arriving:
        progress.accept(item)
        assert progress.totals()["requests"] >= seen
        seen = progress.totals()["requests"]
    assert seen == sum(steps)


def test_counters_keep_what_a_double_keeps() -> None:
    """MW 34.4a-b: whole numbers up to two to the 53rd exactly, fractions to the last bit."""
    counters = {"bytes": float(2**53), "share": 0.1}
    told = msgspec.structs.replace(report(1, 1), counters=counters)
    carried = msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=AttemptProgress)
    progress = merge()
    progress.accept(carried)
    assert progress.totals() == counters
