"""Keys and ended jobs are forgotten by the ledger's clock; open jobs never are."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from distributed.ledger import SqlLedger, open_engine

from .conftest import WallClock, serving
from .test_contract import new_job, result, write

DAY = 86_400.0


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def ledger(clock: WallClock) -> AsyncIterator[SqlLedger]:
    async with serving(SqlLedger(open_engine("memory:", clock), clock, key_seconds=60)) as running:
        yield running


async def end(ledger: SqlLedger, number: int) -> None:
    await ledger.create(new_job(number))
    await ledger.record(write(number, results=(result("a", 2),)))
    await ledger.record(write(number, state="completed", ended=True))


async def forget(ledger: SqlLedger, *, seconds: float = DAY, count: int = 1000) -> tuple[str, ...]:
    return await ledger.sweep(keep_seconds=seconds, keep_count=count, key_seconds=60)


async def test_an_expired_key_makes_a_new_job(ledger: SqlLedger, clock: WallClock) -> None:
    """GM 1.5b, 41.5c."""
    await ledger.create(new_job())
    clock.wall_now += 61
    again = await ledger.create(new_job(job_id="job-new", digest=b"other"))
    assert (again.job_id, again.duplicate) == ("job-new", False)


async def test_a_key_in_use_is_kept_to_its_last_second(ledger: SqlLedger, clock: WallClock) -> None:
    """MW 32.1d."""
    await ledger.create(new_job())
    clock.wall_now += 59
    await forget(ledger)
    assert (await ledger.create(new_job(job_id="job-new"))).duplicate


async def test_ended_jobs_are_forgotten_by_age_with_everything_of_theirs(
    ledger: SqlLedger, clock: WallClock
) -> None:
    await end(ledger, 1)
    clock.wall_now += DAY / 2
    await end(ledger, 2)
    clock.wall_now += DAY / 2 + 1
    assert await forget(ledger) == ("job-1",)
    assert await ledger.head("job-1") is None
    assert await ledger.events("job-1") == ()
    assert await ledger.results("job-1") == ()
    assert await ledger.head("job-2") is not None


async def test_ended_jobs_are_forgotten_by_count_oldest_first(
    ledger: SqlLedger, clock: WallClock
) -> None:
    for number in range(1, 5):
        await end(ledger, number)
        clock.wall_now += 1
    assert await forget(ledger, count=2) == ("job-1", "job-2")
    assert await forget(ledger, count=2) == ()


async def test_an_open_job_is_kept_however_old(ledger: SqlLedger, clock: WallClock) -> None:
    await ledger.create(new_job())
    clock.wall_now += 1000 * DAY
    assert await forget(ledger, count=0) == ()
    assert await ledger.head("job-1") is not None


async def test_a_lease_expires_by_the_ledgers_clock(ledger: SqlLedger, clock: WallClock) -> None:
    """MW 41.25c, GM 14.1b: renewed before expiry, then run out."""
    await ledger.create(new_job())
    await ledger.renew("gate-a", "i", 3.0)
    clock.wall_now += 2.9
    assert await ledger.orphans() == ()
    await ledger.renew("gate-a", "i", 3.0)
    clock.wall_now += 3.1
    (orphan,) = await ledger.orphans()
    assert orphan.expired_seconds == pytest.approx(0.1)
