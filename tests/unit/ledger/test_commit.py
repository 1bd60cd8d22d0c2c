"""Group commit: one transaction for many, fast refusals and patient writes in an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import ColumnElement, Connection

from distributed.clock import SystemClock
from distributed.errors import ClosedError, LedgerConflict, LedgerUnavailable
from distributed.ledger import JobWrite, SqlLedger, open_engine
from distributed.ledger.engine import Engine
from distributed.ledger.work import T

from .conftest import serving
from .test_contract import new_job, result, write


class FaultyEngine:
    """An engine that fails while `down`, before or after its commit."""

    def __init__(self, inner: Engine) -> None:
        self.inner = inner
        self.dialect = inner.dialect
        self.address = inner.address
        self.now: ColumnElement[float] = inner.now
        self.wall = inner.wall
        self.down = ""
        self.writes = 0

    async def write(self, work: Callable[[Connection], T]) -> T:
        self.writes += 1
        if self.down == "before":
            raise LedgerUnavailable("the database does not answer")
        answer = await self.inner.write(work)
        if self.down == "after":
            raise LedgerUnavailable("the connection broke while committing")
        return answer

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self.inner.read(work)

    async def close(self) -> None:
        await self.inner.close()


def make() -> tuple[FaultyEngine, SqlLedger]:
    clock = SystemClock()
    engine = FaultyEngine(open_engine("memory:", clock))
    return engine, SqlLedger(engine, clock)


async def test_submissions_of_one_moment_share_one_transaction() -> None:
    engine, ledger = make()
    async with serving(ledger):
        engine.writes = 0
        await asyncio.gather(*(ledger.create(new_job(n)) for n in range(200)))
        assert engine.writes == 1


async def test_a_submission_fails_fast_while_the_database_is_away() -> None:
    """MW 41.21c."""
    engine, ledger = make()
    async with serving(ledger):
        engine.down = "before"
        with pytest.raises(LedgerUnavailable):
            await ledger.create(new_job())
        assert not ledger.available
        engine.down = ""
        assert not (await ledger.create(new_job())).duplicate
        assert ledger.available


async def test_a_write_about_an_accepted_job_waits_for_the_database() -> None:
    """GM 41.10c: pressure blocks or errors, and loses nothing."""
    engine, ledger = make()
    async with serving(ledger):
        await ledger.create(new_job())
        engine.down = "before"
        pending = [
            asyncio.ensure_future(ledger.record(write(results=(result(name, n),))))
            for n, name in enumerate("abc", start=2)
        ]
        await asyncio.sleep(0.12)
        assert not any(task.done() for task in pending)
        engine.down = ""
        await asyncio.gather(*pending)
        assert [row.workflow for row in await ledger.results("job-1")] == ["a", "b", "c"]


async def test_word_of_a_write_comes_once_when_it_is_durable_and_before_whoever_awaits_it() -> None:
    engine, ledger = make()
    told: list[str] = []
    async with serving(ledger):
        await ledger.create(new_job())
        engine.down = "before"
        writing = ledger.record(write(state="routed"), lambda: told.append("durable"))
        writing.add_done_callback(lambda _: told.append("awaited"))
        await asyncio.sleep(0.12)
        assert told == []
        engine.down = ""
        await writing
        assert told == ["durable", "awaited"]
        stale = ledger.record(write(state="routed", epoch=7), lambda: told.append("stale"))
        with pytest.raises(LedgerConflict):
            await stale
    assert told == ["durable", "awaited"]


async def test_a_commit_whose_answer_was_lost_is_not_done_twice() -> None:
    """MW 47.2: crash after the acknowledgement was sent, seen from the other side."""
    engine, ledger = make()
    async with serving(ledger):
        engine.down = "after"
        with pytest.raises(LedgerUnavailable):
            await ledger.create(new_job())
        engine.down = ""
        again = await ledger.create(new_job())
        assert (again.job_id, again.owner, again.epoch) == ("job-1", "gate-a", 1)
        assert len(await ledger.events("job-1")) == 1


async def test_what_is_queued_at_the_end_is_committed() -> None:
    engine, ledger = make()
    async with serving(ledger):
        await ledger.create(new_job())
        writes = [ledger.commits.write(write(state=s)) for s in ("routed", "dispatched")]
        ledger.finish()
        await asyncio.gather(*writes)
        with pytest.raises(ClosedError):
            await ledger.create(new_job(2))
    assert engine.writes >= 2


async def test_closing_in_an_outage_tells_everyone_who_waits() -> None:
    """MW 41.19d."""
    engine, ledger = make()
    async with serving(ledger):
        await ledger.create(new_job())
        engine.down = "before"
        waiting = ledger.commits.write(JobWrite("job-1", "gate-a", 1, state="failed"))
        await asyncio.sleep(0.02)
        ledger.finish()
        with pytest.raises(ClosedError):
            await waiting


async def test_too_many_waiting_submissions_are_refused() -> None:
    """MW 41.26a."""
    _, ledger = make()
    ledger.commits._max_queued = 2
    async with serving(ledger):
        creates = [ledger.create(new_job(n)) for n in range(4)]
        outcomes = await asyncio.gather(*creates, return_exceptions=True)
    refused = [o for o in outcomes if isinstance(o, LedgerUnavailable)]
    assert len(refused) == 2
    assert "2 submissions wait" in str(refused[0])
