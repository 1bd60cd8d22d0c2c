"""Values too large for a message: stored in the ledger part by part, and read back.

A part is written under the job's fence like everything of a job, so a former owner stores
nothing; it is acknowledged when durable. Nothing of it stays in this gate's memory.
"""

from __future__ import annotations

from distributed.errors import ClosedError, LedgerConflict
from distributed.jobs.values import LARGE_BYTES, PART_BYTES, part_length, part_of
from distributed.ledger.interface import JobWrite, ValuePart
from distributed.messages.base import Gone, Redirect, Refused
from distributed.messages.values import (
    FetchPart,
    FetchResults,
    Part,
    PartStored,
    ResultPage,
    StorePart,
)
from distributed.transport.interface import Context, Handlers

from .answers import Answers, decode_result
from .record import JobRecord
from .state import GateState

MOST_UNDER_WAY_BYTES = 64 << 20
"""Parts that wait for the ledger at once; more are refused for a moment."""
AGAIN_SECONDS = 0.2


class Values:
    """The conversation about large values and long answers."""

    def __init__(self, state: GateState) -> None:
        self._state = state
        self._answers = Answers(state.ledger)
        self._under_way = 0

    def handlers(self) -> Handlers:
        """What managers and clients send."""
        return {
            StorePart: self._store,
            FetchPart: self._fetch,
            FetchResults: self._page,
        }

    async def _store(
        self, _context: Context, message: StorePart
    ) -> PartStored | Gone | Redirect | Refused:
        record = self._state.records.get(message.job_id)
        if record is None:
            return await self._state.elsewhere(message.job_id)
        refusal = self._refusal(record, message)
        if refusal is not None:
            return refusal
        part = ValuePart(
            message.workflow, message.datacenter, message.attempt, message.part, message.body
        )
        write = JobWrite(record.job_id, self._state.name, record.epoch, parts=(part,))
        self._under_way += len(message.body)
        try:
            await self._state.ledger.record(write)
        except LedgerConflict:
            return await self._state.elsewhere(message.job_id)
        except ClosedError:
            return Refused("stopping", "this gate is stopping", retry_after_seconds=AGAIN_SECONDS)
        finally:
            self._under_way -= len(message.body)
        return PartStored(message.job_id, message.part)

    def _refusal(self, record: JobRecord, message: StorePart) -> Refused | None:
        """Why this part is not stored, or not now."""
        settings = self._state.settings
        fits = (
            record.has_workflow(message.workflow)
            and message.part >= 0
            and message.size > LARGE_BYTES
            and len(message.body) == part_length(message.size, message.part)
        )
        if not fits:
            self._state.metrics.count("results_refused")
            return Refused("invalid", f"part {message.part} of {message.workflow!r} cannot be")
        if message.size > settings.largest_value_bytes:
            return Refused(
                "too_large",
                f"a value of {message.size} bytes is over this gate's limit of "
                f"{settings.largest_value_bytes}",
            )
        if not self._state.ledger.available or self._under_way > MOST_UNDER_WAY_BYTES:
            return Refused("busy", "the ledger is behind", retry_after_seconds=AGAIN_SECONDS)
        key = (message.workflow, message.datacenter, message.attempt)
        if not record.room_for(key, message.size, settings.stored_value_bytes):
            return Refused(
                "too_large",
                f"with this value the job would store more than {settings.stored_value_bytes} "
                "bytes, its limit",
            )
        return None

    async def _fetch(self, _context: Context, message: FetchPart) -> Part | Refused:
        record = self._state.records.get(message.job_id)
        if record is not None:
            held = record.results.get((message.workflow, message.datacenter))
            if held is not None and held.attempt == message.attempt and held.value:
                return _part(held.value, message.part)
        key = (message.workflow, message.datacenter, message.attempt)
        body = await self._state.ledger.value_part(message.job_id, *key, message.part)
        if body is not None:
            return Part(body)
        row = await self._state.ledger.result(message.job_id, *key)
        value = decode_result(row).value if row is not None else b""
        if not value:
            return Refused(
                "not_stored",
                f"no part {message.part} of {message.workflow!r} is stored",
                retry_after_seconds=AGAIN_SECONDS,
            )
        return _part(value, message.part)

    async def _page(self, _context: Context, message: FetchResults) -> ResultPage | Gone | Refused:
        stored = await self._state.ledger.head(message.job_id)
        if stored is None:
            return Gone(message.job_id)
        if stored.row.elapsed_seconds is None:
            return Refused("no_owner", "the job has not ended", retry_after_seconds=AGAIN_SECONDS)
        return await self._answers.page(stored, message.after)


def _part(value: bytes, part: int) -> Part | Refused:
    """One part of a value that is at hand."""
    if part < 0 or part * PART_BYTES >= len(value):
        return Refused("invalid", f"a value of {len(value)} bytes has no part {part}")
    return Part(part_of(value, part))
