"""Bugs on the way of results and progress."""

from __future__ import annotations

from contextlib import AbstractContextManager
from unittest.mock import patch

from distributed.client.job import FINAL, JobHandle
from distributed.gate.record import JobRecord
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
    """A client hands on the newest of what came first, and misses nothing."""

    def push(self: JobHandle, updates: tuple[JobUpdate, ...]) -> None:
        for update in reversed(updates):
            self._updates.append(update)
            self._seen = max(self._seen, update.sequence)
            self._ended |= update.kind == "state" and update.state in FINAL
        self._news.set()
        if self._ended and self._result is None:
            self._follow()

    return patch.object(JobHandle, "push", push)
