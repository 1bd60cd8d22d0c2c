"""The answer about a job, in messages that fit: at once where it is small, else page by page.

The order of a job's results is one and the same wherever it is made, so that pages of the
ledger continue what a gate pushed from memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from distributed.jobs.outcome import better, ordered
from distributed.jobs.values import PAGE_BYTES, parse_reference, size_of
from distributed.ledger.interface import Ledger, ResultRow, StoredJob
from distributed.messages.job import Job
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import JobResult
from distributed.messages.values import ResultPage

READ_ROWS = 16
"""Results read at a time: each may hold a value of a mebibyte."""

decode_job = msgspec.msgpack.Decoder(Job).decode
decode_result = msgspec.msgpack.Decoder(WorkflowResult).decode
_decode_summary = msgspec.msgpack.Decoder(JobResult).decode

Key = tuple[str, str, int]
"""Workflow, datacenter and attempt."""


def bounded(answer: JobResult) -> JobResult:
    """The answer with as many of its results as fit in one message, values at hand.

    Results from the first on whose value is not at hand are left to be fetched.
    """
    room = PAGE_BYTES
    kept = 0
    for result in answer.workflows:
        room -= size_of(result)
        if room < 0 or _left_out(result):
            break
        kept += 1
    left = len(answer.workflows) - kept
    if not left:
        return answer
    return msgspec.structs.replace(answer, workflows=answer.workflows[:kept], more=left)


def _left_out(result: WorkflowResult) -> bool:
    """Whether the ledger has the value in the result's row, and the gate has not."""
    name = parse_reference(result.reference) if result.reference else None
    return name is not None and not name.in_parts


class Answers:
    """Reads ended jobs' answers from the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def whole(self, stored: StoredJob) -> JobResult:
        """The answer about an ended job: its head, and the first results."""
        summary = _decode_summary(stored.summary)
        page = await self.page(stored, 0)
        more = page.total - len(page.results)
        return msgspec.structs.replace(summary, workflows=page.results, more=more)

    async def page(self, stored: StoredJob, after: int) -> ResultPage:
        """Results of the answer from the `after`-th on, as many as fit."""
        job_id = stored.row.job_id
        rows = await self._rows(stored)
        wanted = rows[max(0, after) :]
        found: list[WorkflowResult] = []
        size = 0
        async for result in self._read(job_id, wanted):
            size += size_of(result)
            if found and size > PAGE_BYTES:
                break
            found.append(result)
        return ResultPage(job_id, tuple(found), len(rows))

    async def filled(self, answer: JobResult) -> JobResult:
        """The answer with the values that the ledger has in the results' rows."""
        if not any(map(_left_out, answer.workflows)):
            return answer
        filled = []
        for result in answer.workflows:
            if _left_out(result):
                key = (result.workflow, result.datacenter, result.attempt)
                body = await self._ledger.result(answer.job_id, *key)
                filled.append(result if body is None else decode_result(body))
            else:
                filled.append(result)
        return msgspec.structs.replace(answer, workflows=tuple(filled))

    async def each(self, job_id: str) -> AsyncIterator[WorkflowResult]:
        """Every result of a job as it came, a few read at a time."""
        async for result in self._read(job_id, list(await self._ledger.outline(job_id))):
            yield result

    async def _rows(self, stored: StoredJob) -> list[ResultRow]:
        """The rows of the results that count, in the answer's order."""
        outline = await self._ledger.outline(stored.row.job_id)
        by_key: dict[Key, ResultRow] = {}
        held: dict[tuple[str, str], WorkflowResult] = {}
        for row in outline:
            by_key[row.workflow, row.datacenter, row.attempt] = row
            result = WorkflowResult(row.workflow, row.attempt, row.state, datacenter=row.datacenter)
            place = (row.workflow, row.datacenter)
            held[place] = better(held.get(place), result)
        counting = ordered(decode_job(stored.payload), held.values())
        return [by_key[r.workflow, r.datacenter, r.attempt] for r in counting]

    async def _read(self, job_id: str, rows: list[ResultRow]) -> AsyncIterator[WorkflowResult]:
        for start in range(0, len(rows), READ_ROWS):
            some = rows[start : start + READ_ROWS]
            bodies = await self._ledger.bodies(job_id, [row.sequence for row in some])
            for row in some:
                if row.sequence in bodies:
                    yield decode_result(bodies[row.sequence])
