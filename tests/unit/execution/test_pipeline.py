"""Only what is known to be tiny is sent ahead of its turn."""

from __future__ import annotations

from distributed.execution.pipeline import MAX_DEPTH, PipelineDepth


def test_the_unknown_waits_for_its_turn() -> None:
    assert PipelineDepth().depth("m:f") == 1


def test_the_tiny_is_sent_ahead_within_a_bound() -> None:
    depth = PipelineDepth()
    depth.learn("m:f", 0.001)
    assert depth.depth("m:f") == 20
    depth.learn("m:g", 0.000001)
    assert depth.depth("m:g") == MAX_DEPTH


def test_one_long_run_ends_it_and_short_ones_bring_it_back_gradually() -> None:
    """MW 43.8."""
    depth = PipelineDepth()
    for _ in range(50):
        depth.learn("m:f", 0.0001)
    depth.learn("m:f", 1.0)
    assert depth.depth("m:f") == 1
    depth.learn("m:f", 0.0001)
    assert depth.depth("m:f") == 1
    for _ in range(30):
        depth.learn("m:f", 0.0001)
    assert depth.depth("m:f") > 1


def test_command_lines_are_never_sent_ahead() -> None:
    depth = PipelineDepth()
    depth.learn("", 0.001)
    assert depth.depth("") == 1
