"""The default executor: a pool of warm child processes.

Cores are bound to a dispatch when it starts and freed when it ends. An attempt that is known
to be tiny may be sent to a child before its turn (a pipeline), so that a thousand of them do
not wait for a thousand round trips; it holds no core there and is taken back when the one
before it proves long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from distributed.errors import ClosedError, ConfigError
from distributed.messages.dispatch import Assignment

from . import frames
from .crew import Crew, Spawn
from .events import Lost, Started
from .held import Held, Stage, to_run
from .interface import OnEvent
from .pipeline import PipelineDepth
from .process import ChildProcess
from .watch import LimitTimer

LIMIT_GRACE_SECONDS = 0.5

Soon = Callable[[Callable[[], object]], object]


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the subprocess pool works."""

    slots: int = 1
    """Cores it may bind at one time."""
    warm_children: int = 2
    """Processes started before the first assignment, at most `slots`."""
    spill_directory: str = ""
    """Where results over 1 MiB are written; "" keeps them in memory."""
    import_paths: tuple[str, ...] = ()
    """Folders put in front of the children's module search path."""
    runs_per_child: int = 100_000
    """Attempts after which a child is replaced by a fresh one."""
    failed_launches: int = 3
    """Failed starts in a row after which waiting dispatches are given up as lost."""
    stall_seconds: float = 0.02
    """An attempt that runs longer has what was sent behind it taken back."""
    limit_sample_seconds: float = 0.1
    """How often attempts with limits are measured."""


class SubprocessPool:
    """Runs assignments in child processes; one that dies takes nothing else down.

    Args:
        settings: how it works.
        spawn: runs a coroutine in the background.
        soon: has something called when what came together was looked at.
    """

    def __init__(self, settings: PoolSettings, spawn: Spawn, soon: Soon) -> None:
        self._settings = settings
        self._soon = soon
        self._crew = Crew(
            settings.slots,
            self,
            spawn,
            self._schedule_pump,
            spill_directory=settings.spill_directory,
            import_paths=settings.import_paths,
            runs_per_child=settings.runs_per_child,
        )
        self._queue: deque[Held] = deque()
        self._held: dict[str, Held] = {}
        self._free = settings.slots
        self._running = 0
        self._closed = False
        self._drained: asyncio.Event | None = None
        self._pump_scheduled = False
        self._depth = PipelineDepth()
        self._stall_timer: asyncio.TimerHandle | None = None
        self._limits = LimitTimer(settings.limit_sample_seconds, self._over_limit)

    @property
    def slots(self) -> int:
        """Cores it may bind at one time."""
        return self._settings.slots

    @property
    def free_slots(self) -> int:
        """Cores not bound now."""
        return self._free

    @property
    def waiting(self) -> int:
        """Dispatches held that have not started."""
        return len(self._held) - self._running

    @property
    def processes(self) -> tuple[int, ...]:
        """Ids of the children that run now."""
        return tuple(child.pid for child in self._crew.children)

    async def open(self) -> None:
        """Start the warm children.

        Raises:
            ConfigError: this interpreter cannot start a child.
        """
        try:
            for _ in range(min(self._settings.warm_children, self.slots)):
                await self._crew.launch()
        except OSError as error:
            raise ConfigError(f"cannot start a child process: {error}") from error

    def start(self, assignment: Assignment, on_event: OnEvent) -> None:
        """Queue `assignment`; it starts when its cores are free."""
        if self._closed:
            raise ClosedError("the pool was closed")
        if not 0 < assignment.workflow.cores <= self.slots:
            raise ConfigError(
                f"{assignment.workflow.cores} cores asked for, {self.slots} here", field="cores"
            )
        held = Held(assignment, on_event)
        self._held[assignment.dispatch_id] = held
        self._queue.append(held)
        self._schedule_pump()

    def cancel(self, dispatch_id: str, grace_seconds: float, reason: str = "") -> bool:
        """Stop a dispatch wherever it is; by force `grace_seconds` later where it runs."""
        held = self._held.get(dispatch_id)
        if held is None:
            return False
        if held.cancel_reason is not None:
            return True
        held.cancel_reason = reason or "cancelled"
        loop = asyncio.get_running_loop()
        if held.child is None:
            loop.call_soon(self._cancel_waiting, held)
            return True
        held.child.put(frames.Stop(dispatch_id, held.cancel_reason))
        if held.stage is Stage.SENT:
            held.child.put(frames.GiveBack())
        held.child.flush()
        held.force = loop.call_later(max(0.0, grace_seconds), self._force, held)
        return True

    async def close(self, grace_seconds: float = 0.0) -> None:
        """Stop everything; returns when every child is gone."""
        self._closed = True
        if grace_seconds > 0 and self._held:
            self._drained = asyncio.Event()
            for dispatch_id in list(self._held):
                self.cancel(dispatch_id, grace_seconds, "the worker stops")
            await self._drained.wait()
        await self._crew.close()
        self._limits.stop()
        if self._stall_timer is not None:
            self._stall_timer.cancel()

    def child_said(self, child: ChildProcess, message: frames.FromChild) -> None:
        """Route a child's message to the one who waits for it."""
        if isinstance(message, frames.Ready):
            self._crew.ready(child)
            self._schedule_pump()
            return
        if isinstance(message, frames.Returned):
            self._take_back(child, message.dispatch_ids)
            return
        held = child.pending.get(message.dispatch_id)
        if held is None:
            return
        if isinstance(message, frames.Finished):
            self._finished(child, held, message)
        else:
            held.on_event(message)

    def child_wrote(self, child: ChildProcess, stream: str, line: str) -> None:
        """A line from below Python belongs to what runs now."""
        held = next(iter(child.pending.values()), None)
        if held is not None:
            held.on_event(frames.Output(held.dispatch_id, stream, (line,)))

    def child_ended(self, child: ChildProcess, reason: str) -> None:
        """What ran in it is lost (or ended as was asked); what had not begun waits again."""
        self._crew.ended(child)
        pending, child.pending = list(child.pending.values()), type(child.pending)()
        for held in reversed(pending[1:]):
            self._wait_again(held)
        if pending:
            self._lost(pending[0], reason)
        self._schedule_pump()

    def _schedule_pump(self) -> None:
        if not self._pump_scheduled:
            self._pump_scheduled = True
            self._soon(self._pump)

    def _pump(self) -> None:
        """Send what can be sent, oldest first; a large one at the head is not overtaken."""
        self._pump_scheduled = False
        if self._crew.failures >= self._settings.failed_launches:
            self._give_up()
            return
        touched: set[ChildProcess] = set()
        while self._queue:
            held = self._queue[0]
            if held.dispatch_id not in self._held:
                self._queue.popleft()
                continue
            child = self._child_for(held)
            if child is None:
                break
            self._queue.popleft()
            self._send(held, child)
            touched.add(child)
        for child in touched:
            child.flush()
        if self._queue and not self._closed:
            self._crew.want(min(len(self._queue), self._free))

    def _child_for(self, held: Held) -> ChildProcess | None:
        if held.cores <= self._free and (child := self._crew.take()) is not None:
            return child
        if held.cores != 1 or held.limited:
            return None
        depth = self._depth.depth(held.key)
        best: ChildProcess | None = None
        for child in self._crew.children:
            room = 0 < len(child.pending) < (len(best.pending) if best else depth)
            if room and not child.hung_up and self._accepts_behind(child):
                best = child
        return best

    def _accepts_behind(self, child: ChildProcess) -> bool:
        head = next(iter(child.pending.values()))
        return head.cores == 1 and not head.limited and self._depth.depth(head.key) > 1

    def _send(self, held: Held, child: ChildProcess) -> None:
        held.child = child
        held.stage = Stage.SENT
        child.pending[held.dispatch_id] = held
        child.put(to_run(held.assignment))
        if len(child.pending) == 1:
            self._begin(held)
        elif self._stall_timer is None:
            loop = asyncio.get_running_loop()
            self._stall_timer = loop.call_later(self._settings.stall_seconds, self._unstall)

    def _begin(self, held: Held) -> None:
        child = held.child
        assert child is not None
        self._free -= held.cores
        self._running += 1
        held.stage = Stage.RUNNING
        held.started_at = asyncio.get_running_loop().time()
        child.runs += 1
        if held.limited:
            self._limits.watch(held)
        held.on_event(Started(held.dispatch_id, child.pid))

    def _unbind(self, held: Held) -> None:
        if held.stage is Stage.RUNNING:
            self._free += held.cores
            self._running -= 1
            self._limits.forget(held)

    def _finished(self, child: ChildProcess, held: Held, message: frames.Finished) -> None:
        del child.pending[held.dispatch_id]
        if held.stage is Stage.RUNNING:
            self._depth.learn(held.key, message.run_seconds)
        if held.verdict and message.state != "completed":
            message = msgspec.structs.replace(message, state="failed", error=held.verdict)
        self._end(held, message)
        following = next(iter(child.pending.values()), None)
        if following is not None:
            if following.stage is Stage.SENT:
                self._begin(following)
        elif message.retire:
            child.retire()
        else:
            self._crew.give_back(child)
        if self._queue:
            self._schedule_pump()

    def _end(self, held: Held, event: frames.Finished | Lost) -> None:
        self._unbind(held)
        self._held.pop(held.dispatch_id, None)
        held.child = None
        if held.force is not None:
            held.force.cancel()
        held.on_event(event)
        if not self._held and self._drained is not None:
            self._drained.set()

    def _lost(self, held: Held, reason: str) -> None:
        ran = asyncio.get_running_loop().time() - held.started_at
        if held.verdict:
            self._end(held, frames.Finished(held.dispatch_id, "failed", error=held.verdict))
        elif held.cancel_reason is not None:
            error = f"{held.cancel_reason} (killed)"
            self._end(
                held,
                frames.Finished(held.dispatch_id, "cancelled", error=error, run_seconds=ran),
            )
        else:
            self._end(held, Lost(held.dispatch_id, reason, run_seconds=ran))

    def _wait_again(self, held: Held) -> None:
        held.child = None
        held.stage = Stage.WAITING
        if held.cancel_reason is not None:
            self._cancel_waiting(held)
        else:
            self._queue.appendleft(held)

    def _take_back(self, child: ChildProcess, dispatch_ids: tuple[str, ...]) -> None:
        returned = [
            child.pending.pop(dispatch_id)
            for dispatch_id in dispatch_ids
            if dispatch_id in child.pending
        ]
        for held in reversed(returned):
            self._unbind(held)
            self._wait_again(held)
        if returned and not child.pending:
            self._crew.give_back(child)
        self._schedule_pump()

    def _cancel_waiting(self, held: Held) -> None:
        if held.dispatch_id not in self._held or held.child is not None:
            return
        error = held.cancel_reason or "cancelled"
        self._end(held, frames.Finished(held.dispatch_id, "cancelled", error=error))

    def _force(self, held: Held) -> None:
        """The grace is over: kill what runs; what only waits behind another ends as it is."""
        child = held.child
        if child is None:
            return
        if held.stage is Stage.RUNNING:
            child.kill(held.cancel_reason or "cancelled")
        else:
            child.pending.pop(held.dispatch_id, None)
            held.child = None
            self._cancel_waiting(held)

    def _unstall(self) -> None:
        """Take back what waits behind an attempt that proved long."""
        self._stall_timer = None
        loop = asyncio.get_running_loop()
        waiting = False
        for child in self._crew.children:
            if len(child.pending) < 2:
                continue
            waiting = True
            head = next(iter(child.pending.values()))
            ran = loop.time() - head.started_at
            if ran >= self._settings.stall_seconds:
                self._depth.learn(head.key, ran)
                child.put(frames.GiveBack())
                child.flush()
        if waiting:
            self._stall_timer = loop.call_later(self._settings.stall_seconds, self._unstall)

    def _over_limit(self, held: Held, reason: str, breached: bool) -> None:
        if not breached:
            held.on_event(frames.Output(held.dispatch_id, "limits", (f"close to its {reason}",)))
        elif not held.verdict:
            held.verdict = reason
            self.cancel(held.dispatch_id, LIMIT_GRACE_SECONDS, reason)

    def _give_up(self) -> None:
        """No child can be started: waiting dispatches are lost, and say why."""
        self._crew.failures = 0
        reason = f"no child process could be started: {self._crew.failure or 'no reason given'}"
        while self._queue:
            held = self._queue.popleft()
            self._end(held, Lost(held.dispatch_id, reason, started=False))
