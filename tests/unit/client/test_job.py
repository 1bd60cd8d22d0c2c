"""What a handle makes of the updates that come."""

from __future__ import annotations

from types import SimpleNamespace

from distributed.client.job import JobHandle
from distributed.client.settings import ClientSettings
from distributed.messages.submission import JobUpdate


def progress(elapsed_seconds: float, done: int) -> JobUpdate:
    return JobUpdate(3, "progress", elapsed_seconds, state="running", done=done, total=20)


def test_progress_that_was_held_up_on_its_way_takes_no_newer_ones_place() -> None:
    client = SimpleNamespace(gates=None, settings=ClientSettings())
    handle = JobHandle(client, "j-1")  # type: ignore[arg-type]
    for update in (progress(1.0, 14), progress(2.0, 16), progress(1.5, 15)):
        handle.push((update,))
    assert [update.done for update in handle._updates] == [16]
    handle.push((progress(2.5, 17),))
    assert [update.done for update in handle._updates] == [17]
