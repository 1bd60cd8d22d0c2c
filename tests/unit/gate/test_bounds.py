"""Bounds of a gate's conversations that need no job and no socket to be seen."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from distributed.gate.record import JobRecord
from distributed.gate.settings import GateSettings
from distributed.gate.values import MOST_UNDER_WAY_BYTES, Values
from distributed.gate.watching import WAIT_AT_ONCE, Watching
from distributed.jobs.values import LARGE_BYTES, part_length
from distributed.messages.base import Refused
from distributed.messages.submission import WatchJob
from distributed.messages.values import StorePart
from distributed.transport.interface import Context, Identity
from distributed.types import Role

from .world import job

NO_OWNER = Refused("no_owner", "the job changes its owner", retry_after_seconds=0.2)


async def test_only_so_many_clients_wait_here_for_the_next_owner_of_a_job() -> None:
    """The others are told to come back, at once."""
    passed = asyncio.Event()

    async def takes_over(_job_id: str, _seconds: float) -> None:
        await passed.wait()

    times = iter(range(100_000))
    state = SimpleNamespace(
        clock=SimpleNamespace(now=lambda: float(next(times)) if passed.is_set() else 0.0),
        takes_over=takes_over,
    )
    watching = Watching(state)  # type: ignore[arg-type]

    async def lost(_context: Context, _message: WatchJob) -> Refused:
        return NO_OWNER

    watching._watch_now = lost  # type: ignore[method-assign]
    connection = SimpleNamespace(closed=False)
    context = Context(connection, Identity(Role.CLIENT, "c"), None)  # type: ignore[arg-type]
    waiting = [
        asyncio.ensure_future(watching._watch(context, WatchJob("j"))) for _ in range(WAIT_AT_ONCE)
    ]
    await asyncio.sleep(0)
    assert await watching._watch(context, WatchJob("j")) == NO_OWNER
    assert not any(task.done() for task in waiting)
    passed.set()
    assert set(await asyncio.gather(*waiting)) == {NO_OWNER}


def test_parts_beyond_what_may_wait_for_the_ledger_are_refused_for_a_moment() -> None:
    state = SimpleNamespace(settings=GateSettings(), ledger=SimpleNamespace(available=True))
    values = Values(state)  # type: ignore[arg-type]
    record = JobRecord("j", job("a"), epoch=1, accepted_at=0.0, deadline_at=1.0)
    size = LARGE_BYTES + 1
    part = StorePart("j", 1, "eu", "a", 1, 0, size, b"x" * part_length(size, 0))
    assert values._refusal(record, part) is None
    values._under_way = MOST_UNDER_WAY_BYTES + 1
    refused = values._refusal(record, part)
    assert refused is not None
    assert (refused.code, refused.retry_after_seconds) == ("busy", 0.2)
