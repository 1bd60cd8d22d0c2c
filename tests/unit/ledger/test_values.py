"""Values in parts and captured output: stored once, under the fence, gone with the job."""

from __future__ import annotations

import pytest

from distributed.errors import LedgerConflict
from distributed.ledger import SqlLedger, ValuePart

from .test_contract import new_job, result, write


def parts(workflow: str, *bodies: bytes, attempt: int = 1) -> tuple[ValuePart, ...]:
    return tuple(ValuePart(workflow, "eu", attempt, n, body) for n, body in enumerate(bodies))


async def test_a_part_is_stored_once_and_read_back(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    await ledger.record(write(parts=parts("a", b"first", b"second")))
    await ledger.record(write(parts=parts("a", b"other")))
    assert await ledger.value_part("job-1", "a", "eu", 1, 0) == b"first"
    assert await ledger.value_part("job-1", "a", "eu", 1, 1) == b"second"
    assert await ledger.value_part("job-1", "a", "eu", 1, 2) is None
    stored = await ledger.head("job-1")
    assert stored is not None
    assert stored.stored_bytes == len(b"firstsecond")


async def test_a_part_from_a_former_owner_is_refused(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    await ledger.renew("gate-a", "i", 60.0)
    await ledger.acquire("job-1", "gate-b", 1, force=True)
    with pytest.raises(LedgerConflict):
        await ledger.record(write(parts=parts("a", b"late")))
    assert await ledger.value_part("job-1", "a", "eu", 1, 0) is None


async def test_the_end_drops_parts_that_no_result_stands_for(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    await ledger.record(write(parts=parts("a", b"lost with its worker")))
    await ledger.record(write(parts=parts("a", b"kept", attempt=2)))
    end = write(state="completed", results=(result("a", 2, attempt=2),), ended=True, tidy=True)
    await ledger.record(end)
    assert await ledger.value_part("job-1", "a", "eu", 1, 0) is None
    assert await ledger.value_part("job-1", "a", "eu", 2, 0) == b"kept"


async def test_parts_and_output_go_with_the_retention_of_their_job(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    done = write(
        results=(result("a", 2),), parts=parts("a", b"x"), logs=b"lines", state="completed"
    )
    await ledger.record(done)
    await ledger.record(write(ended=True))
    assert await ledger.logs("job-1") == b"lines"
    gone = await ledger.sweep(keep_seconds=1e9, keep_count=0, key_seconds=60)
    assert gone == ("job-1",)
    assert await ledger.logs("job-1") == b""
    assert await ledger.value_part("job-1", "a", "eu", 1, 0) is None


async def test_results_are_listed_without_their_bodies(ledger: SqlLedger) -> None:
    await ledger.create(new_job())
    rows = tuple(result(f"w{n}", n + 2, body=b"body %d" % n) for n in range(5))
    await ledger.record(write(results=rows))
    outline = await ledger.outline("job-1")
    assert [(row.workflow, row.sequence, row.body) for row in outline] == [
        (f"w{n}", n + 2, b"") for n in range(5)
    ]
    assert await ledger.bodies("job-1", [3, 5]) == {3: b"body 1", 5: b"body 3"}
    head = await ledger.head("job-1")
    assert head is not None
    assert head.sequence == 6
