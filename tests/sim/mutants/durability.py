"""Bugs in what is promised, and in what is hidden."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import msgspec

from distributed.gate.submission import Submission
from distributed.ledger.sql import SqlLedger
from distributed.manager.progress import Progress
from distributed.messages.submission import JobAccepted, SubmitJob


def told_too_early() -> AbstractContextManager[object]:
    """A job is accepted before the ledger has it."""
    honest = Submission._accept

    async def accept(self: Any, context: Any, message: SubmitJob) -> Any:
        state = self._state
        state.spawn_free("accept later", lambda: honest(self, context, message))
        return JobAccepted(message.job_id, state.name, state.address, 1)

    return patch.object(Submission, "_accept", accept)


def key_forgotten() -> AbstractContextManager[object]:
    """A repeated submission with a key of its caller's is a new job."""
    honest = SqlLedger.create

    def create(self: Any, new: Any) -> Any:
        return honest(self, msgspec.structs.replace(new, key=f"{new.key}-{new.job_id}"))

    return patch.object(SqlLedger, "create", create)


def error_only_logged() -> AbstractContextManager[object]:
    """Every fifth progress report fails, and the failure goes nowhere but the log."""
    honest = Progress.send
    sent = [0]

    async def send(self: Any, record: Any) -> None:
        sent[0] += 1
        if sent[0] % 5 == 0:
            raise KeyError("progress")
        await honest(self, record)

    return patch.object(Progress, "send", send)
