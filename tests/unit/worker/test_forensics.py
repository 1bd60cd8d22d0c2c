"""The event log says what a worker did last, whatever became of the worker."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from distributed.clock import SystemClock
from distributed.messages.dispatch import Assignment
from distributed.messages.job import Workflow
from distributed.worker.forensics import PENDING, EventLog

ASSIGNMENT = Assignment("j", 1, "d", 2, Workflow(name="w", run="m:f"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


async def test_events_are_on_disk_at_the_end_of_the_turn(tmp_path: Path) -> None:
    """MW 41.27b, 18.1, 18.2, 41.16a, e: nothing has to be closed for it."""
    log = EventLog(str(tmp_path / "w.jsonl"), 1 << 20, SystemClock())
    log.note("accepted", ASSIGNMENT)
    log.note("lost", ASSIGNMENT, error="it died")
    await asyncio.sleep(0)
    first, last = lines(tmp_path / "w.jsonl")
    assert (first["event"], first["n"]) == ("accepted", 1)
    assert {key: last[key] for key in ("event", "job", "workflow", "attempt", "error")} == {
        "event": "lost",
        "job": "j",
        "workflow": "w",
        "attempt": 2,
        "error": "it died",
    }


async def test_the_log_rotates_and_keeps_one_older_file(tmp_path: Path) -> None:
    """MW 41.27d, 41.16d."""
    log = EventLog(str(tmp_path / "w.jsonl"), 2000, SystemClock())
    for number in range(100):
        log.note("started", ASSIGNMENT, pid=number)
        await asyncio.sleep(0)
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["w.jsonl", "w.jsonl.1"]
    assert all(file.stat().st_size <= 2000 for file in files)
    numbers = [line["pid"] for file in reversed(files) for line in lines(file)]
    assert numbers == list(range(numbers[0], 100))


async def test_what_cannot_be_written_is_dropped_and_counted(tmp_path: Path) -> None:
    """MW 41.16b, c."""
    (tmp_path / "file").write_text("")
    log = EventLog(str(tmp_path / "file" / "w.jsonl"), 2000, SystemClock())
    log.note("started", ASSIGNMENT)
    log.flush()
    assert log.dropped == 1
    full = EventLog(str(tmp_path / "w.jsonl"), 1 << 30, SystemClock())
    for _ in range(PENDING + 5):
        full.note("started")
    assert full.dropped == 5
    full.close()


async def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    log = EventLog("", 2000, SystemClock())
    log.note("started", ASSIGNMENT)
    log.close()
    assert list(tmp_path.iterdir()) == []
