"""Captured lines that wait: bounded, the newest stay, and what is gone is said."""

from __future__ import annotations

from distributed.jobs.log_queue import LogQueue
from distributed.messages.progress import WorkerLog


def log(*lines: str, dropped: int = 0) -> WorkerLog:
    return WorkerLog("j", "w", 1, "stdout", lines, dropped)


def test_the_oldest_lines_go_first_and_the_next_message_says_how_many() -> None:
    queue = LogQueue()
    assert queue.put(log("a", "b"), 4) == 0
    assert queue.put(log("c", dropped=3), 4) == 0
    assert queue.put(log("d", "e"), 4) == 2
    assert queue.lines == 3
    assert queue.put(log("f", "g"), 4) == 1
    assert [(entry.lines, entry.dropped) for entry in queue.take()] == [
        (("d", "e"), 2 + 1 + 3),
        (("f", "g"), 0),
    ]
    assert queue.take() == []
    queue.put(log("h"), 4)
    assert queue.take()[0].dropped == 0


def test_what_could_not_be_passed_on_keeps_its_place() -> None:
    queue = LogQueue()
    queue.put(log("a"), 10)
    queue.put(log("b"), 10)
    taken = queue.take()
    queue.put(log("c"), 10)
    queue.put_back(taken[1:])
    assert [entry.lines for entry in queue.take()] == [("b",), ("c",)]


def test_one_message_over_the_bound_is_kept_whole() -> None:
    queue = LogQueue()
    queue.put(log("a", "b", "c"), 2)
    assert queue.lines == 3
