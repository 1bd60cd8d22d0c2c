"""What is not looked at while a node is loaded."""

from __future__ import annotations

import pytest

from distributed.clock import SystemClock
from distributed.messages.base import Done, Message, Refused
from distributed.messages.cancel import CancelJob
from distributed.messages.progress import WorkerLog, WorkerProgress
from distributed.messages.results import WorkerResults
from distributed.messages.submission import FetchResult, ListJobs, SubmitJob
from distributed.reliability.load import Load
from distributed.reliability.overload import Overload
from distributed.telemetry.metrics import CountingMetrics
from distributed.transport.guard import guarded

ALL: tuple[type[Message], ...] = (
    CancelJob,
    FetchResult,
    ListJobs,
    SubmitJob,
    WorkerLog,
    WorkerProgress,
    WorkerResults,
)


@pytest.mark.parametrize(
    ("level", "refused"),
    [
        (Overload.HEALTHY, set()),
        (Overload.BUSY, {ListJobs}),
        (Overload.STRESSED, {ListJobs, WorkerProgress}),
        (Overload.OVERLOADED, {ListJobs, WorkerProgress}),
    ],
)
def test_statistics_go_first_then_progress_and_results_never(
    level: Overload, refused: set[type[Message]]
) -> None:
    """GM 4.2a, 4.2b, 41.9c, 41.9d: work is refused by those who know what it is."""
    metrics = CountingMetrics()
    load = Load(SystemClock())
    load.level = level
    handlers = guarded({kind: lambda *_: Done() for kind in ALL}, load, metrics)
    answers = {kind: handlers[kind](None, None) for kind in ALL}  # type: ignore[arg-type]
    assert {kind for kind in ALL if answers[kind] != Done()} == refused
    for kind in refused:
        answer = answers[kind]
        assert isinstance(answer, Refused)
        assert answer.code == "overloaded"
        assert answer.retry_after_seconds
    assert metrics.total("requests_shed") == len(refused)
