"""Workflows that only take virtual time: the scenario says how long, and how they end."""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from distributed.errors import ClosedError, ConfigError
from distributed.execution.events import Lost, Started
from distributed.execution.frames import Finished, Output, Progressed, Reported
from distributed.messages.job import Workflow

if TYPE_CHECKING:
    from distributed.execution.interface import Event, OnEvent
    from distributed.messages.dispatch import Assignment

RUN = "shoal.simulated:work"


class Script(msgspec.Struct, frozen=True):
    """How one simulated workflow behaves, as the arguments of the workflow.

    Attributes:
        seconds: how long an attempt runs.
        steps: progress messages on the way, evenly spread.
        reports: latencies reported with each step.
        lines: output lines written with each step.
        result_bytes: size of the returned payload.
        fail_attempts: this many first attempts raise.
        crash_attempts: this many first attempts lose their process.
        deaf: does not stop when asked; only force ends it.
    """

    seconds: float = 1.0
    steps: int = 0
    reports: int = 0
    lines: int = 0
    result_bytes: int = 0
    fail_attempts: int = 0
    crash_attempts: int = 0
    deaf: bool = False


def workflow(name: str, script: Script | None = None, **fields: Any) -> Workflow:
    """A workflow that behaves as `script` says."""
    args = msgspec.to_builtins(script or Script())
    return Workflow(name=name, run=RUN, args=args, **fields)


class Outcome(msgspec.Struct, frozen=True):
    """What a completed simulated workflow returns: enough to check what it was given."""

    workflow: str
    attempt: int
    inputs: tuple[str, ...]
    padding: bytes = b""


class WorkEvent(msgspec.Struct, frozen=True):
    """Ground truth about one attempt: what the executor really did, and when."""

    at: float
    node: str
    kind: str
    job_id: str
    workflow: str
    attempt: int
    dispatch_id: str
    cores: int
    epoch: int
    life: int


OnWork = Callable[[WorkEvent], None]


class _Held:
    __slots__ = ("assignment", "cancelled", "on_event", "running", "script", "started_at", "timers")

    def __init__(self, assignment: Assignment, on_event: OnEvent) -> None:
        self.assignment = assignment
        self.on_event = on_event
        self.script = msgspec.convert(assignment.workflow.args, Script)
        self.running = False
        self.cancelled = ""
        self.started_at = 0.0
        self.timers: list[asyncio.TimerHandle] = []


class SimulatedExecutor:
    """An `execution.Executor` under virtual time.

    Args:
        node: the worker's name, for the record.
        slots: cores.
        on_work: hears what really happens.
        life: which life of the worker's process this is.
    """

    def __init__(self, node: str, slots: int, on_work: OnWork, *, life: int = 1) -> None:
        self.node = node
        self.life = life
        self._slots = slots
        self._free = slots
        self._on_work = on_work
        self._queue: deque[_Held] = deque()
        self._held: dict[str, _Held] = {}
        self._closed = False

    @property
    def slots(self) -> int:
        """Cores it can bind at one time."""
        return self._slots

    @property
    def free_slots(self) -> int:
        """Cores not bound now."""
        return self._free

    @property
    def waiting(self) -> int:
        """Dispatches held that have not started."""
        return sum(1 for held in self._held.values() if not held.running)

    @property
    def held(self) -> tuple[str, ...]:
        """Dispatch ids held, oldest first."""
        return tuple(self._held)

    async def open(self) -> None:
        """Nothing to make ready."""

    def start(self, assignment: Assignment, on_event: OnEvent) -> None:
        """Run `assignment` when its cores are free.

        Raises:
            ConfigError: it asks for more cores than there are.
            ClosedError: the executor was closed.
        """
        if self._closed:
            raise ClosedError("the executor was closed")
        if not 0 < assignment.workflow.cores <= self._slots:
            raise ConfigError(
                f"{assignment.workflow.cores} cores asked for, {self._slots} here", field="cores"
            )
        held = _Held(assignment, on_event)
        self._note("accepted", held)
        self._held[assignment.dispatch_id] = held
        self._queue.append(held)
        asyncio.get_running_loop().call_soon(self._pump)

    def cancel(self, dispatch_id: str, grace_seconds: float, reason: str = "") -> bool:
        """Ask a dispatch to stop; a deaf one ends by force after the grace."""
        held = self._held.get(dispatch_id)
        if held is None:
            return False
        if not held.cancelled:
            held.cancelled = reason or "cancelled"
            delay = grace_seconds if held.script.deaf and held.running else 0.001
            loop = asyncio.get_running_loop()
            held.timers.append(loop.call_later(delay, self._cancelled, held))
        return True

    async def close(self, grace_seconds: float = 0.0) -> None:
        """Stop everything at once."""
        self._closed = True
        for held in list(self._held.values()):
            self._note("stopped", held)
            self._forget(held)

    def _pump(self) -> None:
        while self._queue and not self._closed:
            held = self._queue[0]
            if held.assignment.dispatch_id not in self._held:
                self._queue.popleft()
                continue
            if held.assignment.workflow.cores > self._free:
                return
            self._queue.popleft()
            self._begin(held)

    def _begin(self, held: _Held) -> None:
        loop = asyncio.get_running_loop()
        held.running = True
        held.started_at = loop.time()
        self._free -= held.assignment.workflow.cores
        self._note("started", held)
        held.on_event(Started(held.assignment.dispatch_id))
        script = held.script
        for step in range(1, script.steps + 1):
            at = script.seconds * step / (script.steps + 1)
            held.timers.append(loop.call_later(at, self._step, held, step))
        held.timers.append(loop.call_later(script.seconds, self._finish, held))

    def _step(self, held: _Held, step: int) -> None:
        script, dispatch_id = held.script, held.assignment.dispatch_id
        held.on_event(Progressed(dispatch_id, step, script.steps))
        if script.reports:
            latencies = array("d", [0.001 * (1 + index) for index in range(script.reports)])
            counters = {"reports": float(step * script.reports)}
            held.on_event(Reported(dispatch_id, latencies.tobytes(), counters))
        if script.lines:
            lines = tuple(f"step {step} line {index}" for index in range(script.lines))
            held.on_event(Output(dispatch_id, "stdout", lines))

    def _finish(self, held: _Held) -> None:
        attempt, script = held.assignment.attempt, held.script
        dispatch_id, ran = held.assignment.dispatch_id, script.seconds
        if attempt <= script.crash_attempts:
            self._end("lost", held, Lost(dispatch_id, "the process died", run_seconds=ran))
        elif attempt <= script.crash_attempts + script.fail_attempts:
            error = f"attempt {attempt} raises as scripted"
            self._end(
                "failed",
                held,
                Finished(dispatch_id, "failed", error=error, traceback=error, run_seconds=ran),
            )
        else:
            value = msgspec.msgpack.encode(self._outcome(held))
            self._end(
                "completed",
                held,
                Finished(dispatch_id, "completed", value=value, run_seconds=ran),
            )

    def _outcome(self, held: _Held) -> Outcome:
        assignment = held.assignment
        return Outcome(
            assignment.workflow.name,
            assignment.attempt,
            tuple(sorted(name for name, _ in assignment.inputs)),
            bytes(held.script.result_bytes),
        )

    def _cancelled(self, held: _Held) -> None:
        dispatch_id = held.assignment.dispatch_id
        if dispatch_id in self._held:
            ran = asyncio.get_running_loop().time() - held.started_at if held.running else 0.0
            event = Finished(dispatch_id, "cancelled", error=held.cancelled, run_seconds=ran)
            self._end("cancelled", held, event)

    def _end(self, kind: str, held: _Held, event: Event) -> None:
        self._note(kind, held)
        self._forget(held)
        held.on_event(event)
        self._pump()

    def _forget(self, held: _Held) -> None:
        self._held.pop(held.assignment.dispatch_id, None)
        for timer in held.timers:
            timer.cancel()
        if held.running:
            held.running = False
            self._free += held.assignment.workflow.cores

    def _note(self, kind: str, held: _Held) -> None:
        assignment = held.assignment
        self._on_work(
            WorkEvent(
                asyncio.get_running_loop().time(),
                self.node,
                kind,
                assignment.job_id,
                assignment.workflow.name,
                assignment.attempt,
                assignment.dispatch_id,
                assignment.workflow.cores,
                assignment.epoch,
                self.life,
            )
        )
