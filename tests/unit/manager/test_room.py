"""What may wait at a manager is bounded: more is refused with a hint, control never."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from distributed.errors import PeerRefused
from distributed.jobs.outbox import Outbox
from distributed.jobs.undelivered import Undelivered
from distributed.manager.results import Results
from distributed.manager.settings import ManagerSettings
from distributed.manager.starting import Starting
from distributed.manager.state import ManagerState
from distributed.messages.base import Refused
from distributed.messages.dispatch import StartJob
from distributed.messages.job import Job, Workflow
from distributed.messages.results import ResultsRecorded, WorkerResults, WorkflowResult
from distributed.transport.interface import Context


class State:
    """As much of a manager as its bounds look at."""

    overfull = ManagerState.overfull

    def __init__(self, kept: int, waiting: int = 0) -> None:
        self.settings = ManagerSettings(undelivered_bytes=1000, queue_limit=10)
        self.clock = SimpleNamespace(now=lambda: 10.0)
        self.draining = False
        self.queue = range(waiting)
        self.seats = {"w": None}
        outbox = Outbox(10.0)
        outbox.put(WorkflowResult("old", 1, "completed", value=b"x" * kept))
        self.records = {"j": SimpleNamespace(outbox=outbox, entries={}, left=1)}
        self._undelivered = Undelivered()


@pytest.mark.parametrize("kept", [10, 2000])
def test_results_beyond_the_bound_stay_at_their_worker(kept: int) -> None:
    results = Results(State(kept), None, None, None)  # type: ignore[arg-type]
    batch = WorkerResults("j", 1, (WorkflowResult("w", 1, "completed"),))
    answer = results.receive(Context(None, None, None), batch)  # type: ignore[arg-type]
    if kept < 1000:
        assert answer == ResultsRecorded("j", (("w", 1),))
    else:
        assert isinstance(answer, Refused)
        assert answer.code == "overloaded"
        assert answer.retry_after_seconds


def test_a_job_beyond_the_queue_is_refused_with_a_hint() -> None:
    pace = SimpleNamespace(queued=11)
    starting = Starting(State(0, waiting=1), None, None, None, pace)  # type: ignore[arg-type]
    job = Job(name="j", workflows=(Workflow(name="w", run="pkg.mod:f"),))
    with pytest.raises(PeerRefused) as refused:
        starting._refuse_what_cannot_run(StartJob("j-2", 1, 1, "g", "g:1", job))
    assert refused.value.code == "overloaded"
    assert refused.value.retry_after_seconds == 5.0
