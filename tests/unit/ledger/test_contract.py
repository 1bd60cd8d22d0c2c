"""What every ledger promises, on every engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from distributed.errors import LedgerConflict
from distributed.ledger import (
    Event,
    JobWrite,
    NewJob,
    Placed,
    ResultRow,
    SqlLedger,
    WorkflowRow,
)


def new_job(number: int = 1, **changes: Any) -> NewJob:
    fields: dict[str, Any] = {
        "job_id": f"job-{number}",
        "key": f"key-{number}",
        "digest": b"d",
        "name": "demo",
        "owner": "gate-a",
        "payload": b"payload",
        "detail": b"first",
    }
    return NewJob(**fields | changes)


def write(number: int = 1, **changes: Any) -> JobWrite:
    fields: dict[str, Any] = {"job_id": f"job-{number}", "owner": "gate-a", "epoch": 1}
    return JobWrite(**fields | changes)


def result(workflow: str, sequence: int, attempt: int = 1, body: bytes = b"r") -> ResultRow:
    return ResultRow(workflow, "eu", attempt, "completed", sequence, body)


async def test_an_accepted_job_is_there_with_its_first_event(ledger: SqlLedger) -> None:
    created = await ledger.create(new_job(trace="00-a-b-01"))
    assert (created.job_id, created.epoch, created.duplicate) == ("job-1", 1, False)
    stored = await ledger.head("job-1")
    assert stored is not None
    assert stored.payload == b"payload"
    assert stored.trace == "00-a-b-01"
    assert stored.row.owner == "gate-a"
    assert stored.sequence == 1
    events = await ledger.events("job-1")
    assert [(e.sequence, e.kind, e.detail) for e in events] == [(1, "state", b"first")]


async def test_the_same_key_is_the_same_job(ledger: SqlLedger) -> None:
    """GM 1.5a, 41.5a: whichever gate asks, a key stands for one job."""
    await ledger.create(new_job())
    again = await ledger.create(new_job(job_id="job-other", owner="gate-b"))
    assert (again.job_id, again.owner, again.duplicate) == ("job-1", "gate-a", True)
    assert await ledger.head("job-other") is None


async def test_concurrent_twins_make_one_job(ledger: SqlLedger) -> None:
    """GM 1.5c, 32.2a, 41.5b: twins in one instant, one is new and the rest are duplicates."""
    twins = [ledger.create(new_job(job_id=f"job-{n}", key="k")) for n in range(20)]
    answers = await asyncio.gather(*twins)
    assert len({answer.job_id for answer in answers}) == 1
    assert sum(not answer.duplicate for answer in answers) == 1


async def test_the_same_key_with_another_payload_is_refused(ledger: SqlLedger) -> None:
    """MW 44.3, 32.1c, GM 32.2c, 41.5d: same key, other digest."""
    await ledger.create(new_job())
    with pytest.raises(LedgerConflict, match="another payload"):
        await ledger.create(new_job(digest=b"other"))
    with pytest.raises(LedgerConflict, match="another payload"):
        await asyncio.gather(
            ledger.create(new_job(2)), ledger.create(new_job(3, key="key-2", digest=b"x"))
        )


async def test_an_id_under_two_keys_is_refused_and_leaves_no_key(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    for _ in range(2):
        with pytest.raises(LedgerConflict, match="in use"):
            await ledger.create(new_job(key="another"))


async def test_of_one_id_under_two_keys_at_once_the_first_is_taken(ledger: SqlLedger) -> None:
    twins = (ledger.create(new_job(key=key)) for key in ("one", "another"))
    first, second = await asyncio.gather(*twins, return_exceptions=True)
    assert not isinstance(first, BaseException)
    assert isinstance(second, LedgerConflict)
    with pytest.raises(LedgerConflict, match="in use"):
        await ledger.create(new_job(key="another"))
    assert (await ledger.create(new_job(key="one"))).duplicate


async def test_one_bad_entry_does_not_spoil_its_neighbours(ledger: SqlLedger) -> None:
    wrong = write(2, epoch=7)
    await ledger.create(new_job(1))
    await ledger.create(new_job(2))
    outcomes = await asyncio.gather(
        ledger.record(write(1, state="routed")),
        ledger.record(wrong),
        ledger.create(new_job(3)),
        return_exceptions=True,
    )
    assert outcomes[0] is None
    assert isinstance(outcomes[1], LedgerConflict)
    assert not isinstance(outcomes[2], BaseException)


async def test_a_step_is_stored_whole(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    await ledger.record(
        write(
            state="running",
            events=(Event(2, "routed", b"why"),),
            results=(result("a", 3),),
            placed=(Placed("eu", "m-1", 1, "open", b"all"),),
            workflows=(WorkflowRow("b", "cancelled", 1, "asked"),),
            cancel_reason="enough",
        )
    )
    stored = await ledger.head("job-1")
    assert stored is not None
    assert stored.row.state == "running"
    assert await ledger.results("job-1") == (result("a", 3),)
    assert stored.placed == (Placed("eu", "m-1", 1, "open", b"all"),)
    assert stored.workflows == (WorkflowRow("b", "cancelled", 1, "asked"),)
    assert (stored.cancel_reason, stored.sequence) == ("enough", 3)


async def test_a_result_is_recorded_once(ledger: SqlLedger) -> None:
    """MW 59.4, 41.28b, GM 9.4a, 28.3c: the first result of an attempt stays."""
    await ledger.create(new_job())
    await ledger.record(write(results=(result("a", 2, body=b"first"),)))
    await ledger.record(write(results=(result("a", 3, body=b"second"),)))
    rows = await ledger.results("job-1")
    assert [(row.sequence, row.body) for row in rows] == [(2, b"first")]


async def test_a_job_is_created_with_its_places(ledger: SqlLedger) -> None:
    await ledger.create(new_job(placed=(Placed("eu", "", 1, "open"),)))
    stored = await ledger.head("job-1")
    assert stored is not None
    assert stored.placed == (Placed("eu", "", 1, "open"),)


async def test_a_placement_is_replaced_by_its_successor(ledger: SqlLedger) -> None:
    """MW 41.28a."""
    await ledger.create(new_job())
    await ledger.record(write(placed=(Placed("eu", "m-1", 1, "open"),)))
    await ledger.record(write(placed=(Placed("eu", "m-2", 2, "open"),)))
    stored = await ledger.head("job-1")
    assert stored is not None
    assert stored.placed == (Placed("eu", "m-2", 2, "open"),)


async def test_the_first_cancellation_stays(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    await ledger.record(write(cancel_reason="first"))
    await ledger.record(write(cancel_reason="second"))
    stored = await ledger.head("job-1")
    assert stored is not None
    assert stored.cancel_reason == "first"


async def test_an_ended_job_takes_no_more_and_holds_no_lease(ledger: SqlLedger) -> None:
    """GM 7.2d, 14.1d, 28.3d: what comes after the end is refused."""
    await ledger.create(new_job())
    end = write(state="completed", reason="done", ended=True, summary=b"all")
    await ledger.record(end)
    with pytest.raises(LedgerConflict, match="ended"):
        await ledger.record(write(results=(result("late", 9),)))
    assert await ledger.lease("job-1") is None
    stored = await ledger.head("job-1")
    assert stored is not None
    assert (stored.row.state, stored.summary) == ("completed", b"all")
    assert await ledger.results("job-1") == ()
    assert stored.row.elapsed_seconds is not None
    await ledger.record(end)


async def test_a_lower_epoch_is_refused_everywhere(ledger: SqlLedger) -> None:
    """MW 41.25b, GM 41.3a-c, 15.3c: current passes, stale is refused, a transfer raises it."""
    await ledger.create(new_job())
    lease = await ledger.acquire("job-1", "gate-b", 1, force=True)
    assert (lease.owner, lease.epoch) == ("gate-b", 2)
    with pytest.raises(LedgerConflict, match="held by gate-b with epoch 2"):
        await ledger.record(write(state="failed"))
    await ledger.record(write(owner="gate-b", epoch=2, state="running"))


async def test_of_two_claimants_one_takes_the_job(ledger: SqlLedger) -> None:
    """MW 41.21a, GM 28.2a: two claimants, the fence decides."""
    await ledger.create(new_job())
    claims = [ledger.acquire("job-1", f"gate-{n}", 1, force=True) for n in range(8)]
    outcomes = await asyncio.gather(*claims, return_exceptions=True)
    taken = [o for o in outcomes if not isinstance(o, BaseException)]
    assert len(taken) == 1
    assert sum(isinstance(o, LedgerConflict) for o in outcomes) == 7
    assert await ledger.lease("job-1") == taken[0]


async def test_a_running_lease_is_not_taken(ledger: SqlLedger) -> None:
    """GM 14.1a-c: acquired, renewed, expired."""
    await ledger.create(new_job())
    await ledger.renew("gate-a", "i-1", 60.0)
    assert await ledger.orphans() == ()
    with pytest.raises(LedgerConflict):
        await ledger.acquire("job-1", "gate-b", 1)
    await ledger.release("gate-a", "i-1")
    orphans = await ledger.orphans()
    assert [(o.job_id, o.owner, o.epoch) for o in orphans] == [("job-1", "gate-a", 1)]
    assert (await ledger.acquire("job-1", "gate-b", 1)).epoch == 2


async def test_a_restarted_gate_takes_its_own_jobs_with_a_new_epoch(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    await ledger.renew("gate-a", "i-1", 60.0)
    assert (await ledger.acquire("job-1", "gate-a", 1)).epoch == 2
    assert [lease.job_id for lease in await ledger.owned("gate-a")] == ["job-1"]


async def test_jobs_are_listed_newest_first_in_pages(ledger: SqlLedger) -> None:
    for number in range(1, 6):
        await ledger.create(new_job(number))
    await ledger.record(write(3, state="failed", ended=True))
    rows = await ledger.list_jobs(limit=2)
    assert [row.job_id for row in rows] == ["job-5", "job-4"]
    rest = await ledger.list_jobs(before="job-4")
    assert [row.job_id for row in rest] == ["job-3", "job-2", "job-1"]
    assert [row.job_id for row in await ledger.list_jobs(states=("failed",))] == ["job-3"]
    assert await ledger.list_jobs(name="nothing") == ()


async def test_ids_are_found_by_prefix(ledger: SqlLedger) -> None:
    await ledger.create(new_job(1, job_id="ab12"))
    await ledger.create(new_job(2, job_id="ab34"))
    assert await ledger.find("ab1") == ("ab12",)
    assert await ledger.find("ab") == ("ab12", "ab34")
    assert await ledger.find("x") == ()


async def test_events_are_read_from_where_a_reader_left_off(ledger: SqlLedger) -> None:
    """MW 41.26d."""
    await ledger.create(new_job())
    await ledger.record(write(events=tuple(Event(n, "state") for n in range(2, 6))))
    assert [e.sequence for e in await ledger.events("job-1", after=3)] == [4, 5]
    assert [e.sequence for e in await ledger.events("job-1", after=1, limit=2)] == [2, 3]


async def test_a_repeated_step_changes_nothing(ledger: SqlLedger) -> None:
    """MW 41.10d: A write whose acknowledgement was lost is tried again."""
    await ledger.create(new_job())
    step = write(state="routed", events=(Event(2, "routed"),), results=(result("a", 3),))
    await ledger.record(step)
    await ledger.record(step)
    assert len(await ledger.events("job-1")) == 2
    assert len(await ledger.results("job-1")) == 1
