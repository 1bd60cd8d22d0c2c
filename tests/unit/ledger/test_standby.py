"""PostgreSQL loses its primary: a synchronous standby is promoted and nothing is lost."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributed.clock import SystemClock
from distributed.errors import LedgerUnavailable
from distributed.ledger import Event, SqlLedger, ValuePart, open_engine

from .conftest import serving
from .postgres import USER, PostgresServer, missing_postgres
from .test_contract import new_job, write

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

FIRST = 40


class Pair:
    """A primary, its synchronous standby, and the address that names both."""

    def __init__(self, first: Path, second: Path) -> None:
        self.primary = PostgresServer(first)
        self.standby = PostgresServer(second)
        self.primary.start()
        self.name = self.primary.fresh_database().rpartition("/")[2]
        self.standby.follow(self.primary, "heir")

    @property
    def url(self) -> str:
        """Both hosts, the one that does not take writes first."""
        hosts = f"127.0.0.1:{self.standby.port},127.0.0.1:{self.primary.port}"
        return f"postgresql://{USER}@{hosts}/{self.name}"

    def is_synchronous(self) -> bool:
        """Whether a commit waits for the standby."""
        return "sync" in self.primary.sql("SELECT sync_state FROM pg_stat_replication").split()

    def fail_over(self) -> None:
        """The primary's processes are killed, and somebody promotes the standby."""
        self.primary.stop("immediate")
        self.standby.promote()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Both servers run; whichever still does is stopped in the end."""
    reason = missing_postgres()
    if reason:
        pytest.skip(reason)
    with (
        tempfile.TemporaryDirectory(prefix="shoal-pg1-", ignore_cleanup_errors=True) as first,
        tempfile.TemporaryDirectory(prefix="shoal-pg2-", ignore_cleanup_errors=True) as second,
    ):
        made = Pair(Path(first), Path(second))
        yield made
        made.standby.stop()


class Submitter:
    """Submits jobs as a client does: again, under the same key, until acknowledged."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger
        self.acknowledged: set[str] = set()

    async def submit(self, number: int) -> None:
        """Until the job is durable; then a step and a part of a value of it are, too."""
        while True:
            try:
                created = await self._ledger.create(new_job(number))
            except LedgerUnavailable:
                await asyncio.sleep(0.05)
                continue
            break
        step = Event(2, "routed", b"why")
        part = ValuePart("a", "eu", 1, 0, b"v" * 1000)
        await self._ledger.record(write(number, events=(step,), parts=(part,)))
        self.acknowledged.add(created.job_id)


async def refused_by_a_standby(pair: Pair) -> None:
    """A standby that was not promoted is no ledger."""
    alone = SqlLedger(open_engine(pair.standby.url(pair.name), SystemClock()), SystemClock())
    with pytest.raises(LedgerUnavailable):
        await alone.start()
    await alone.close()


async def test_nothing_acknowledged_is_lost_with_the_primary(pair: Pair) -> None:
    """Submissions and steps go on before, during and after; each acknowledged one is there."""
    while not await asyncio.to_thread(pair.is_synchronous):
        await asyncio.sleep(0.05)
    clock = SystemClock()
    ledger = SqlLedger(open_engine(pair.url, clock, timeout_seconds=5.0), clock)
    await refused_by_a_standby(pair)
    async with serving(ledger):
        client = Submitter(ledger)
        await asyncio.gather(*(client.submit(number) for number in range(FIRST)))
        assert len(client.acknowledged) == FIRST
        failing = asyncio.create_task(asyncio.to_thread(pair.fail_over))
        submitted, last = FIRST, False
        while not last:
            last = failing.done()
            numbers = range(submitted, submitted + 10)
            await asyncio.gather(*(client.submit(number) for number in numbers))
            submitted += 10
        await failing
        assert len(client.acknowledged) == submitted
        stored = {row.job_id for row in await ledger.list_jobs(limit=100_000)}
        assert stored == client.acknowledged
        for job_id in client.acknowledged:
            events = await ledger.events(job_id)
            assert [event.sequence for event in events] == [1, 2]
            assert await ledger.value_part(job_id, "a", "eu", 1, 0) == b"v" * 1000
