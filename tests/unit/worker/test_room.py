"""What a worker takes on is bounded; each refusal says by what, and costs no attempt."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from distributed.jobs.outbox import Outbox
from distributed.jobs.undelivered import Undelivered
from distributed.messages.dispatch import Assignment, AssignmentsTaken, AssignWorkflows
from distributed.messages.job import Workflow
from distributed.messages.results import WorkflowResult
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport.interface import Context
from distributed.worker.assignment import Assignments
from distributed.worker.settings import WorkerSettings
from distributed.worker.state import WorkerState


class State:
    """As much of a worker as taking on work looks at."""

    overfull = WorkerState.overfull

    def __init__(self, **settings: int) -> None:
        self.settings = WorkerSettings(memory_bytes=1000, **settings)
        self.executor = SimpleNamespace(slots=2, free_slots=2)
        self.metrics = CountingMetrics()
        self.records: dict[str, SimpleNamespace] = {}
        self.clock = SimpleNamespace(now=lambda: 10.0)
        self.overload = "healthy"
        self.draining = False
        self.attempts = 0
        self.promised_bytes = 0
        self._undelivered = Undelivered()

    def holds(self, value: bytes) -> None:
        outbox = Outbox(10.0)
        outbox.put(WorkflowResult("w", 1, "completed", value=value))
        self.records["other"] = SimpleNamespace(outbox=outbox)


def busy(state: State) -> None:
    state.attempts = 2 + state.settings.queue_limit


@pytest.mark.parametrize(
    ("reason", "make"),
    [
        ("full", busy),
        ("undelivered", lambda state: state.holds(b"x" * 500)),
        ("draining", lambda state: setattr(state, "draining", True)),
        ("overloaded", lambda state: setattr(state, "overload", "overloaded")),
        ("memory", lambda state: setattr(state, "promised_bytes", 950)),
    ],
)
def test_work_beyond_a_bound_is_refused_with_its_reason(reason: str, make: object) -> None:
    state = State(queue_limit=3, undelivered_bytes=100)
    make(state)  # type: ignore[operator]
    room = Assignments(state, None, None)  # type: ignore[arg-type]
    workflow = Workflow(name="a", run="pkg.mod:f", memory_bytes=100)
    batch = AssignWorkflows("m", "m:1", (Assignment("j", 1, "d-1", 1, workflow),))
    context = Context(None, None, None)  # type: ignore[arg-type]
    answer = room.assign(context, batch)
    assert not context.unhurried, "a refusal is waited for"
    assert answer == AssignmentsTaken((), (("d-1", reason),), 2)
    assert state.metrics.total("assignments_refused") == 1
