"""Ending attempts on command, with an outcome for each."""

from __future__ import annotations

import asyncio

from distributed.messages.base import Gone, Message
from distributed.messages.cancel import CancelAttempts, CancelOutcome
from distributed.transport.interface import Context, Handlers

from .assignment import stale
from .record import JobRecord
from .running import Running
from .state import WorkerState

FORCE_MARGIN_SECONDS = 2.0


class Cancellation:
    """Stops attempts: asked first, killed after the grace, and says what became of each."""

    def __init__(self, state: WorkerState, running: Running) -> None:
        self._state = state
        self._running = running

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {CancelAttempts: self.cancel}

    async def cancel(self, _: Context, message: Message) -> Message:
        """Outcomes by dispatch id: `cancelled`, `finished`, `unknown` or `unconfirmed`.

        A dispatch that is not here yet is refused when it comes; `unknown` says so.
        """
        assert isinstance(message, CancelAttempts)
        record = self._state.records.get(message.job_id)
        if record is None:
            self._state.remember_fence(message.job_id, message.epoch)
            return Gone(message.job_id)
        if message.epoch < record.fence:
            return stale(record, message.epoch)
        record.fence = message.epoch
        waits: dict[str, asyncio.Future[str]] = {}
        outcomes: list[tuple[str, str]] = []
        for dispatch_id in message.dispatch_ids:
            wait = self._ask(record, dispatch_id, message)
            if wait is None:
                record.forestalled.append(dispatch_id)
                outcomes.append((dispatch_id, "unknown"))
            else:
                waits[dispatch_id] = wait
        if waits:
            limit = message.grace_seconds + FORCE_MARGIN_SECONDS
            await asyncio.wait(waits.values(), timeout=limit)
        outcomes.extend((dispatch_id, outcome_of(wait)) for dispatch_id, wait in waits.items())
        return CancelOutcome(message.job_id, tuple(outcomes))

    def _ask(
        self, record: JobRecord, dispatch_id: str, message: CancelAttempts
    ) -> asyncio.Future[str] | None:
        attempt = record.attempts.get(dispatch_id)
        if attempt is None:
            return None
        wait: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        attempt.watchers.append(wait)
        attempt.ended_by = attempt.ended_by or "cancelled"
        attempt.end_reason = attempt.end_reason or message.reason or "cancelled"
        self._state.executor.cancel(dispatch_id, message.grace_seconds, message.reason)
        return wait


def outcome_of(wait: asyncio.Future[str]) -> str:
    """What a final state means to the one who cancelled."""
    if not wait.done():
        return "unconfirmed"
    return "finished" if wait.result() in ("completed", "failed") else "cancelled"
