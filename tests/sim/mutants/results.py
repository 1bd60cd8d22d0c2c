"""Bugs on the way of results and progress."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from distributed.client.job import JobHandle
from distributed.gate.record import JobRecord
from distributed.gate.watching import Watching
from distributed.jobs.outcome import better
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import JobUpdate


def client_stays_away() -> AbstractContextManager[object]:
    """A client that stopped hearing of its job asks nobody."""
    return patch.object(JobHandle, "_follow", lambda self: None)


def recorded_twice() -> AbstractContextManager[object]:
    """A repeated result counts as news."""

    def take(self: JobRecord, result: WorkflowResult) -> bool:
        key = (result.workflow, result.datacenter)
        self.results[key] = better(self.results.get(key), result)
        run = self.runs.get(result.datacenter)
        if run is not None:
            run.left -= 1
        return True

    return patch.object(JobRecord, "take", take)


def story_told_backwards() -> AbstractContextManager[object]:
    """The steps of one write reach a watcher last first."""
    honest = Watching._push

    def push(self: Any, watch: Any, updates: Sequence[JobUpdate]) -> None:
        for update in reversed(updates):
            watch.sent = update.sequence - 1
            honest(self, watch, (update,))

    return patch.object(Watching, "_push", push)
