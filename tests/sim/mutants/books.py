"""Bugs in what is kept, counted and given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from distributed.jobs.allocation import Binding, WorkerSlots
from distributed.manager.lifecycle import Lifecycle
from distributed.worker.state import WorkerState


def cleanup_forgotten() -> AbstractContextManager[object]:
    """A worker never drops the record of a job."""

    async def drop(self: Any, record: Any, reason: str) -> None:
        return None

    return patch.object(WorkerState, "drop", drop)


def cores_kept() -> AbstractContextManager[object]:
    """A manager does not give back the cores of what ended."""

    def release(self: Any, entry: Any) -> None:
        entry.dispatch_id = ""

    return patch.object(Lifecycle, "_release", release)


@contextmanager
def cores_given_twice() -> Iterator[None]:
    """A worker always looks empty, and whatever is put on it holds its cores."""

    def bind(
        self: Any,
        dispatch_id: str,
        holder: object,
        cores: int,
        tag: object = None,
        *,
        exclusive: bool = False,
    ) -> Binding:
        binding = Binding(dispatch_id, holder, tag, cores, True)
        self._bindings[dispatch_id] = binding
        self.bound += cores
        return binding

    with (
        patch.object(WorkerSlots, "bind", bind),
        patch.object(WorkerSlots, "free", property(lambda self: self.cores)),
    ):
        yield
