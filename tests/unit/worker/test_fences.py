"""Of a job that has ended a worker keeps the fence for a while, and then nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from distributed.worker.record import JobRecord
from distributed.worker.settings import WorkerSettings
from distributed.worker.state import WorkerState


class Timers:
    """Runs what is due when the test says so."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[..., object], tuple[object, ...]]] = []

    def call_later(self, seconds: float, call: Callable[..., object], *arguments: object) -> None:
        self.due.append((seconds, call, arguments))


def test_fences_are_forgotten_after_their_time() -> None:
    parts = dict.fromkeys(("rng", "logger", "metrics", "supervisor", "executor", "events", "load"))
    state = WorkerState(
        WorkerSettings(record_idle_seconds=600.0),
        SimpleNamespace(name="w"),  # type: ignore[arg-type]
        clock=SimpleNamespace(now=lambda: 0.0),  # type: ignore[arg-type]
        **parts,  # type: ignore[arg-type]
    )
    timers = Timers()
    state.timers = timers  # type: ignore[assignment]
    for number in range(100):
        state.remember_fence(f"j-{number}", 1)
    begun_again = state.records["j-7"] = JobRecord("j-7", None, 10.0)  # type: ignore[arg-type]
    assert {seconds for seconds, _, _ in timers.due} == {600.0}
    for _, forget, arguments in timers.due:
        forget(*arguments)
    assert state.records == {"j-7": begun_again}
