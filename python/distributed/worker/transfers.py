"""Values too large for a message: results carried up and inputs brought down, part by part.

A large result lies in a file of this worker (or in memory, where the executor has no folder)
while its parts are stored one after another; only then the result itself is delivered, naming
it. Until then the attempt counts as running: a manager that asks hears of it, and whoever
cancels it ends the transfer.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from itertools import count

import msgspec

from distributed.errors import PeerRefused, TransportError
from distributed.execution.frames import Finished
from distributed.execution.spill import spill
from distributed.jobs.values import (
    PART_BYTES,
    Reference,
    parse_reference,
    part_of,
    parts_in,
)
from distributed.messages.base import Gone, Message
from distributed.messages.dispatch import Assignment
from distributed.messages.values import FetchPart, Part, PartStored, StorePart
from distributed.reliability.retry import Again, Jitter, Retries, RetryPolicy
from distributed.supervision import Policy
from distributed.types import Address

from .orphans import Orphans
from .record import AttemptRecord, JobRecord
from .state import WorkerState

AT_ONCE = 2
"""Transfers of one worker that run at one time."""
HOPS = 2
"""Requests that one part takes, one after the other."""
MISSING_SECONDS = 60.0
"""How long an input that is not stored is asked for before its attempt is given up."""
FINAL_CODES = frozenset({"too_large", "invalid", "unhandled"})
MISSING_CODE = "not_stored"

Done = Callable[[str, str, str], None]
"""Takes the attempt's final state, an error, and the reference of a stored value."""
Start = Callable[[Assignment], None]


class Transfers:
    """Moves large values of this worker's attempts, a few at a time.

    Args:
        folder: where inputs are put for the executor to read; "" hands them over in memory.
    """

    def __init__(self, state: WorkerState, orphans: Orphans, folder: str) -> None:
        self._state = state
        self._orphans = orphans
        self._folder = folder
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._numbers = count()
        settings = state.settings
        self._policy = RetryPolicy(
            attempts=0,
            base_seconds=settings.retry_base_seconds,
            cap_seconds=settings.retry_cap_seconds,
            jitter=Jitter.DECORRELATED,
        )

    def carry(self, record: JobRecord, attempt: AttemptRecord, event: Finished, done: Done) -> None:
        """Store the value of an attempt that completed; `done` hears of it once."""
        path = event.reference.removeprefix("file://")
        if path:
            record.scope.register(f"file:{path}", partial(_remove, path))
        record.scope.spawn(
            f"carry:{event.dispatch_id}",
            lambda: self._carry(record, attempt, event, done),
            policy=Policy.RESTART,
        )

    def bring(self, record: JobRecord, attempt: AttemptRecord, start: Start, done: Done) -> None:
        """Fetch the inputs that an assignment names; `start` gets it with them at hand."""
        record.scope.spawn(
            f"bring:{attempt.assignment.dispatch_id}",
            lambda: self._bring(record, attempt, start, done),
            policy=Policy.RESTART,
        )

    async def _carry(
        self, record: JobRecord, attempt: AttemptRecord, event: Finished, done: Done
    ) -> None:
        path = event.reference.removeprefix("file://")
        async with self._turns:
            try:
                size = _size(path) if path else len(event.value)
                problem = await self._store_all(record, attempt, event, path, size)
            except OSError as error:
                done("lost", f"its result cannot be read: {error}", "")
                return
        if path:
            record.scope.release(f"file:{path}")
            _remove(path)
        if attempt.ended_by:
            done("cancelled", attempt.end_reason, "")
        elif problem is not None:
            done("failed", f"its result of {size} bytes was not stored: {problem}", "")
        else:
            datacenter = self._state.identity.datacenter
            done("completed", "", str(Reference(attempt.assignment.attempt, size, datacenter)))

    async def _store_all(
        self, record: JobRecord, attempt: AttemptRecord, event: Finished, path: str, size: int
    ) -> str | None:
        """Why the value cannot be stored; None once all of it is, or the attempt ended."""
        for part in range(parts_in(size)):
            body = _read(path, part) if path else part_of(event.value, part)
            message = StorePart(
                record.job_id,
                record.fence,
                self._state.identity.datacenter,
                attempt.assignment.workflow.name,
                attempt.assignment.attempt,
                part,
                size,
                body,
            )
            reply = await self._insist(record, attempt, message)
            if isinstance(reply, str):
                return reply
        return None

    async def _bring(
        self, record: JobRecord, attempt: AttemptRecord, start: Start, done: Done
    ) -> None:
        assignment = attempt.assignment
        inputs, files = list(assignment.inputs), []
        for name, text in assignment.references:
            reference = parse_reference(text)
            if reference is None:
                done("failed", f"its input {name!r} names no stored value: {text[:100]!r}", "")
                return
            async with record.bringing:
                found = await self._input(record, attempt, name, reference)
            if attempt.ended_by:
                done("cancelled", attempt.end_reason, "")
                return
            if found is None:
                done("lost", f"its input {name!r} is not stored", "")
                return
            if isinstance(found, str):
                files.append((name, found))
            else:
                inputs.append((name, found))
        start(msgspec.structs.replace(assignment, inputs=tuple(inputs), references=tuple(files)))

    async def _input(
        self, record: JobRecord, attempt: AttemptRecord, name: str, reference: Reference
    ) -> bytes | str | None:
        """A value, or the file that it is in; None where there is none."""
        key = (name, reference.attempt, reference.datacenter)
        if key in record.brought:
            return record.brought[key]
        async with self._turns:
            value = await self._value(record, attempt, name, reference)
        if value is None or not self._folder:
            return value
        title = f"input-{self._state.identity.instance}-{next(self._numbers)}"
        path = await asyncio.to_thread(spill, self._folder, title, value)
        record.scope.register(path, partial(_remove, path.removeprefix("file://")))
        record.brought[key] = path
        return path

    async def _value(
        self, record: JobRecord, attempt: AttemptRecord, name: str, reference: Reference
    ) -> bytes | None:
        value = bytearray()
        for part in range(reference.parts):
            message = FetchPart(record.job_id, name, reference.datacenter, reference.attempt, part)
            reply = await self._insist(record, attempt, message)
            if not isinstance(reply, Part) or not 0 < len(reply.body) <= PART_BYTES:
                return None
            value += reply.body
        return bytes(value) if len(value) == reference.size else None

    async def _insist(
        self, record: JobRecord, attempt: AttemptRecord, message: StorePart | FetchPart
    ) -> Message | str | None:
        """Ask until there is an answer; None where the attempt ended, a text where refused."""
        state = self._state
        retries = Retries(self._policy, state.rng)
        give_up_at = state.clock.now() + MISSING_SECONDS
        while not attempt.ended_by:
            hint = None
            try:
                reply = await state.pool.request(
                    Address(record.manager_address),
                    message,
                    timeout=HOPS * state.settings.request_seconds,
                )
            except PeerRefused as error:
                missing = error.code == MISSING_CODE and state.clock.now() > give_up_at
                if error.code in FINAL_CODES or missing:
                    return error.reason
                problem, hint = str(error), error.retry_after_seconds
            except TransportError as error:
                problem = str(error)
            else:
                if isinstance(reply, PartStored | Part):
                    return reply
                problem = f"it answered {type(reply).__name__}"
                if isinstance(reply, Gone):
                    self._orphans.lost(record, f"{record.manager} does not know the job")
            state.metrics.count("value_transfers_failed")
            state.logger.bind(job=record.job_id, peer=record.manager_address).warning(
                "part %d of %s was not moved: %s", message.part, message.workflow, problem
            )
            again = retries.failed(state.clock.now(), retry_after_seconds=hint)
            await record.pause(again.delay_seconds if isinstance(again, Again) else 1.0)
        return None


def _size(path: str) -> int:
    return os.path.getsize(path)


def _read(path: str, part: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(part * PART_BYTES)
        return file.read(PART_BYTES)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
