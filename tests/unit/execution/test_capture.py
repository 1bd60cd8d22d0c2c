"""Captured text becomes bounded lines."""

from __future__ import annotations

from distributed.execution.capture import MAX_LINE_CHARS, LineBuffer

Emitted = list[tuple[str, tuple[str, ...], int]]


def buffer(emitted: Emitted, max_lines: int = 10) -> LineBuffer:
    return LineBuffer("stdout", lambda *said: emitted.append(said), max_lines=max_lines)


def test_text_is_cut_at_line_ends_whatever_its_pieces() -> None:
    emitted: Emitted = []
    lines = buffer(emitted)
    for piece in ("a", "b\nc", "\n", "\nd"):
        lines.write(piece)
    lines.flush()
    assert emitted == [("stdout", ("ab", "c", ""), 0)]
    lines.finish()
    assert emitted[1:] == [("stdout", ("d",), 0)]


def test_a_line_without_end_stays_bounded() -> None:
    emitted: Emitted = []
    lines = buffer(emitted)
    for _ in range(100):
        lines.write("x" * MAX_LINE_CHARS)
    lines.finish()
    assert len(emitted[0][1][0]) <= MAX_LINE_CHARS + 2


def test_lines_over_the_bound_are_counted_and_the_next_attempt_starts_anew() -> None:
    emitted: Emitted = []
    lines = buffer(emitted, max_lines=2)
    lines.write("1\n2\n3\n4\n")
    lines.finish()
    lines.write("5\n")
    lines.finish()
    assert emitted == [("stdout", ("1", "2"), 2), ("stdout", ("5",), 0)]
