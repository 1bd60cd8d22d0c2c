"""Bugs in who may command, and whether a command arrives."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from distributed.gate.cancellation import Cancellation
from distributed.gate.takeover import Takeover
from distributed.messages.cancel import CancelJob, CancelOutcome
from distributed.messages.dispatch import Assignment
from distributed.worker.assignment import Assignments


def epoch_not_checked() -> AbstractContextManager[object]:
    """A worker takes whatever anybody assigns, whatever it has seen."""

    def take(self: Any, assignment: Assignment, manager: str, address: str) -> str | None:
        record = self._state.record_for(assignment.job_id)
        record.fence = assignment.epoch
        self._orphans.commanded(record, assignment.epoch, manager, address)
        return self._start(record, assignment)  # type: ignore[no-any-return]

    return patch.object(Assignments, "_take", take)


def cancellation_not_sent() -> AbstractContextManager[object]:
    """A gate says that everything is cancelled and tells nobody."""

    async def cancel(self: Any, context: Any, message: CancelJob) -> Any:
        record = self._state.records.get(message.job_id)
        if record is None:
            return await self._not_here(message)
        names = [workflow.name for workflow in record.job.workflows]
        return CancelOutcome(message.job_id, tuple((name, "cancelled") for name in names))

    return patch.object(Cancellation, "_cancel", cancel)


def lease_kept_after_death() -> AbstractContextManager[object]:
    """Nobody takes over what a dead gate owned."""

    async def adopt(self: Any, lease: Any, force: bool) -> None:
        return None

    return patch.object(Takeover, "_adopt", adopt)
