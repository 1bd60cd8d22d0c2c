"""An executor that fronts a Ray cluster: its cores, its nodes, its failures.

Needs the `ray` extra here and this package on Ray's nodes. Ray carries work between its own
processes as pickles; that is the operator's choice, made by choosing this executor.

Each attempt is one Ray task that runs the same `Runner` as a child process does. What it
says on the way goes through one mailbox actor, which this process empties; what it is told
(to stop) waits there for it. A task that Ray loses, with its process or its node, is lost
here too: Ray never repeats it, since attempts are the manager's to count.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import Any

import msgspec

from distributed.errors import ClosedError, ConfigError
from distributed.messages.dispatch import Assignment

from . import frames
from .crew import Spawn, child_environment
from .events import Lost, Started
from .held import Held, Stage, to_run
from .interface import OnEvent
from .ray_task import Mailbox, run_attempt


class RaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which Ray cluster, and how much of it."""

    address: str = "auto"
    """Ray's address; `auto` finds one on this machine, `local` starts one."""
    slots: int = 0
    """Cores to use; 0 means all that the cluster has when the executor opens."""
    import_paths: tuple[str, ...] = ()
    """Folders put in front of the module search path of the tasks."""
    open_seconds: float = 60.0
    """How long the cluster may take to answer at first."""


class RayExecutor:
    """Runs assignments as Ray tasks; see `interface.Executor`."""

    def __init__(self, settings: RaySettings, spawn: Spawn) -> None:
        self._settings = settings
        self._spawn = spawn
        self._slots = settings.slots
        self._free = settings.slots
        self._queue: deque[Held] = deque()
        self._held: dict[str, Held] = {}
        self._tasks: dict[str, Any] = {}
        self._finished: dict[str, frames.Finished] = {}
        self._mailbox: Any = None
        self._task: Any = None
        self._closed = False
        self._read_batches = 0
        self._news = asyncio.Event()
        self._started_ray = False
        self._emptied: asyncio.Event | None = None

    @property
    def slots(self) -> int:
        """Cores it may bind at one time."""
        return self._slots

    @property
    def free_slots(self) -> int:
        """Cores not bound now."""
        return self._free

    @property
    def waiting(self) -> int:
        """Dispatches held that have not started."""
        return sum(1 for held in self._held.values() if held.stage is Stage.WAITING)

    async def open(self) -> None:
        """Connect to the cluster and learn its cores.

        Raises:
            ConfigError: Ray is not installed, or the cluster does not answer.
        """
        try:
            import ray
        except ImportError as error:
            raise ConfigError(
                "the ray executor needs the extra: pip install 'shoal[ray]'", field="executor"
            ) from error
        options: dict[str, Any] = {
            "log_to_driver": False,
            "include_dashboard": False,
            "runtime_env": {"env_vars": {"PYTHONPATH": python_path(self._settings.import_paths)}},
        }
        if self._settings.address != "local":
            options.pop("include_dashboard")
            options["address"] = self._settings.address
        elif self._slots:
            options["num_cpus"] = self._slots
        if not ray.is_initialized():
            try:
                async with asyncio.timeout(self._settings.open_seconds):
                    await asyncio.to_thread(partial(ray.init, **options))
            except (ConnectionError, RuntimeError, TimeoutError) as error:
                raise ConfigError(
                    f"no Ray cluster at {self._settings.address!r}: {error}", field="address"
                ) from error
            self._started_ray = True
        if not self._slots:
            self._slots = int(ray.cluster_resources().get("CPU", 0))
            self._free = self._slots
        self._mailbox = make_mailbox()
        self._task = ray.remote(max_retries=0)(run_attempt)
        self._spawn("ray-mailbox", self._read)

    def start(self, assignment: Assignment, on_event: OnEvent) -> None:
        """Queue `assignment`; it becomes a Ray task when its cores are free."""
        if self._closed:
            raise ClosedError("the executor was closed")
        if not 0 < assignment.workflow.cores <= self._slots:
            raise ConfigError(
                f"{assignment.workflow.cores} cores asked for, {self._slots} here", field="cores"
            )
        held = Held(assignment, on_event)
        self._held[held.dispatch_id] = held
        self._queue.append(held)
        asyncio.get_running_loop().call_soon(self._pump)

    def cancel(self, dispatch_id: str, grace_seconds: float, reason: str = "") -> bool:
        """Stop a dispatch wherever it is; by force `grace_seconds` later where it runs."""
        held = self._held.get(dispatch_id)
        if held is None:
            return False
        if held.cancel_reason is not None:
            return True
        held.cancel_reason = reason or "cancelled"
        loop = asyncio.get_running_loop()
        if held.stage is Stage.WAITING:
            loop.call_soon(self._cancel_waiting, held)
        else:
            self._mailbox.stop.remote(dispatch_id, held.cancel_reason)
            held.force = loop.call_later(max(0.0, grace_seconds), self._force, held)
        return True

    async def close(self, grace_seconds: float = 0.0) -> None:
        """Stop everything, and disconnect from a cluster that was joined here."""
        import ray

        self._closed = True
        for dispatch_id in list(self._held):
            self.cancel(dispatch_id, grace_seconds, "the worker stops")
        while self._held:
            self._emptied = asyncio.Event()
            await self._emptied.wait()
        if self._mailbox is not None:
            mailbox, self._mailbox = self._mailbox, None
            ray.kill(mailbox)
        if self._started_ray:
            await asyncio.to_thread(ray.shutdown)

    def _pump(self) -> None:
        while self._queue:
            held = self._queue[0]
            if held.dispatch_id not in self._held:
                self._queue.popleft()
            elif held.cores <= self._free:
                self._queue.popleft()
                self._begin(held)
            else:
                return

    def _begin(self, held: Held) -> None:
        self._free -= held.cores
        held.stage = Stage.RUNNING
        held.started_at = asyncio.get_running_loop().time()
        task = self._task.options(num_cpus=held.cores, name=held.assignment.workflow.name)
        run = msgspec.msgpack.encode(to_run(held.assignment))
        reference = task.remote(run, self._mailbox)
        self._tasks[held.dispatch_id] = reference
        held.on_event(Started(held.dispatch_id))
        self._spawn(f"ray:{held.dispatch_id}", partial(self._follow, held, reference))

    async def _follow(self, held: Held, reference: Any) -> None:
        """Wait for the task's end, in whatever way."""
        from ray.exceptions import RayError

        event: frames.Finished | Lost
        try:
            event = msgspec.msgpack.decode(await reference, type=frames.Finished)
            await self._caught_up(await self._mailbox.total.remote())
        except RayError as error:
            ran = asyncio.get_running_loop().time() - held.started_at
            text = " ".join(str(error).split())[:300]
            event = Lost(held.dispatch_id, f"{type(error).__name__}: {text}", run_seconds=ran)
            if held.cancel_reason is not None:
                reason = f"{held.cancel_reason} (killed)"
                event = frames.Finished(
                    held.dispatch_id, "cancelled", error=reason, run_seconds=ran
                )
        self._end(held, event)

    def _end(self, held: Held, event: frames.Finished | Lost) -> None:
        if self._held.pop(held.dispatch_id, None) is None:
            return
        self._tasks.pop(held.dispatch_id, None)
        if held.stage is Stage.RUNNING:
            self._free += held.cores
        if held.force is not None:
            held.force.cancel()
        held.on_event(event)
        self._pump()
        if not self._held and self._emptied is not None:
            self._emptied.set()

    def _cancel_waiting(self, held: Held) -> None:
        if held.stage is Stage.WAITING:
            error = held.cancel_reason or "cancelled"
            self._end(held, frames.Finished(held.dispatch_id, "cancelled", error=error))
        elif held.dispatch_id in self._held:
            self._mailbox.stop.remote(held.dispatch_id, held.cancel_reason)

    def _force(self, held: Held) -> None:
        import ray

        reference = self._tasks.get(held.dispatch_id)
        if reference is not None:
            ray.cancel(reference, force=True)

    async def _read(self) -> None:
        """Pass on what tasks say, until the mailbox is gone."""
        from ray.exceptions import RayError

        while self._mailbox is not None:
            try:
                total, batch = await self._mailbox.wait.remote()
            except RayError:
                if self._closed:
                    return
                # Its tasks cannot be heard any more and are lost as they end; others can.
                self._mailbox = make_mailbox()
                total, batch = 0, []
            self._take(batch)
            self._read_batches = total
            self._news.set()

    async def _caught_up(self, total: int) -> None:
        """Wait until everything said before a task's end was passed on."""
        while self._read_batches < total:
            self._news.clear()
            await self._news.wait()

    def _take(self, batch: list[bytes]) -> None:
        for encoded in batch:
            for message in frames.from_child.decode(encoded):
                if isinstance(message, frames.Ready | frames.Returned | frames.Finished):
                    continue
                held = self._held.get(message.dispatch_id)
                if held is not None:
                    held.on_event(message)


def make_mailbox() -> Any:
    """A mailbox on this very node, so that it shares the fate of nobody else's."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0)(Mailbox).options(scheduling_strategy=here).remote()


def python_path(import_paths: tuple[str, ...]) -> str:
    """The module search path of the tasks."""
    return child_environment(import_paths).get("PYTHONPATH", "")
