"""An asyncio event loop whose clock jumps to the next deadline when nothing is ready.

No thread, no socket, no sleeping: the same program with the same seed takes the same steps.
Every callback belongs to a `VirtualHost`, so that one loop runs many processes, each of which
can be paused, slowed down or killed by itself.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, TypeVarTuple, Unpack

from distributed.errors import ShoalError
from distributed.testing.virtual_host import HOST, VirtualHost

if TYPE_CHECKING:
    from distributed.testing.network import Network

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualTimeError(ShoalError):
    """Something under virtual time reached for the real world, or waits for what cannot come."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs simulated processes in one thread under virtual time.

    Args:
        seed: fixes everything that is left to chance.
        shuffle: whether the order between processes within one instant is drawn from the
            seed; else it is the order in which they became ready.
    """

    def __init__(self, seed: int = 0, *, shuffle: bool = True) -> None:
        super().__init__()
        self.seed = seed
        self.network: Network | None = None
        self.errors: list[dict[str, Any]] = []
        self.steps = 0
        self.root = VirtualHost("scenario")
        self._rng = random.Random(f"schedule:{seed}")
        self._shuffle = shuffle
        self._now = 0.0
        self._sequence = 0
        self._timers: list[tuple[float, int, asyncio.TimerHandle, VirtualHost]] = []
        self._active: dict[VirtualHost, None] = {}
        self._graveyard: list[asyncio.Task[Any]] = []

    # time and scheduling

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Run `callback` at the host's next turn, after what is ready already."""
        if context is None:
            context = copy_context()
        host = context.get(HOST, self.root)
        handle = asyncio.Handle(callback, args, self, context)
        if not host.dead:
            host.ready.append(handle)
            if host.runnable:
                self._active[host] = None
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run `callback` after `delay` virtual seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run `callback` at `when`; ties run in the order in which they were asked for."""
        if context is None:
            context = copy_context()
        host = context.get(HOST, self.root)
        handle = _Timer(when, callback, args, self, context)
        if not host.dead:
            self._sequence += 1
            heapq.heappush(self._timers, (when, self._sequence, handle, host))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers stay in the heap until they are due: nothing depends on it."""

    def _run_once(self) -> None:
        active, timers = self._active, self._timers
        if not active and not self._stopping:  # type: ignore[attr-defined]
            self._jump()
        if timers and timers[0][0] <= self._now:
            self._collect_due()
        if len(active) == 1:
            (host,) = active
            self._turn(host)
            return
        hosts = list(active)
        if self._shuffle:
            self._rng.shuffle(hosts)
        for host in hosts:
            self._turn(host)

    def _jump(self) -> None:
        while self._timers and self._timers[0][2]._cancelled:
            heapq.heappop(self._timers)
        if not self._timers:
            raise VirtualTimeError(
                f"nothing is left to happen at {self._now:.6f} s, and something still waits"
            )
        self._now = max(self._now, self._timers[0][0])

    def _collect_due(self) -> None:
        timers, now = self._timers, self._now
        while timers and timers[0][0] <= now:
            _, _, handle, host = heapq.heappop(timers)
            if handle._cancelled or host.dead:
                continue
            host.ready.append(handle)
            if host.runnable:
                self._active[host] = None

    def _turn(self, host: VirtualHost) -> None:
        ready = host.ready
        count, left = 0, len(ready)
        while left and host.runnable:
            left -= 1
            handle = ready.popleft()
            if handle._cancelled:
                continue
            count += 1
            try:
                handle._context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - as asyncio: reported, and on
                self._failed(handle, error)
        self.steps += count
        if host.callback_seconds and count and not host.dead:
            self._park(host, count * host.callback_seconds)
        elif not ready or not host.runnable:
            self._active.pop(host, None)

    def _failed(self, handle: asyncio.Handle, error: BaseException) -> None:
        what = getattr(handle, "_callback", None)
        text = f"exception in callback {getattr(what, '__qualname__', what)!s}"
        self.call_exception_handler({"message": text, "exception": error, "handle": handle})

    # what can happen to a process

    def _park(self, host: VirtualHost, seconds: float) -> None:
        host.parked = True
        host.settle()
        self._active.pop(host, None)
        self.call_later(seconds, self._unpark, host, context=self.root.context)

    def _unpark(self, host: VirtualHost) -> None:
        host.parked = False
        host.settle()
        self._wake(host)

    def _wake(self, host: VirtualHost) -> None:
        if host.ready and host.runnable:
            self._active[host] = None

    def pause(self, host: VirtualHost) -> None:
        """Run nothing of `host` until `resume`; what becomes due meanwhile waits."""
        host.paused = True
        host.settle()
        self._active.pop(host, None)

    def resume(self, host: VirtualHost) -> None:
        """Let `host` catch up."""
        host.paused = False
        host.settle()
        self._wake(host)

    def kill(self, host: VirtualHost) -> None:
        """Never run anything of `host` again: no cleanup, no goodbye."""
        host.dead = True
        host.settle()
        host.ready.clear()
        self._active.pop(host, None)
        for task in host.tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                self._graveyard.append(task)

    def run_for(self, seconds: float) -> None:
        """Run everything that happens in the next `seconds`."""
        self.run_until_complete(asyncio.sleep(seconds))

    # asyncio's interface

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """A task of the host whose code asks for it."""
        context: Context | None = options.get("context")
        host = HOST.get(self.root) if context is None else context.get(HOST, self.root)
        task = super().create_task(coro, **options)
        host.tasks.add(task)
        return task

    def spawn(self, host: VirtualHost, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of `host`."""
        return self.create_task(coro, context=host.context.copy())

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody handled: a run that has any is a failed run."""
        self.errors.append(context)

    async def create_server(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        """Listen in the simulated network."""
        if self.network is None or options.get("ssl") is not None:
            self._refuse("create_server")
        return self.network.listen(HOST.get(self.root), str(host), int(port), protocol_factory)

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        """Connect through the simulated network."""
        if self.network is None or options.get("ssl") is not None:
            self._refuse("create_connection")
        return await self.network.connect(
            HOST.get(self.root), str(host), int(port), protocol_factory
        )

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        """There are no threads here."""
        self._refuse(f"run_in_executor({func!r})")

    def _refuse(self, what: str) -> NoReturn:
        raise VirtualTimeError(f"{what} has no place under virtual time: it needs the real world")

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody needs waking."""

    def close(self) -> None:
        """Drop every process where it stands."""
        if self.is_closed():
            return
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            self._graveyard.append(task)
        self._timers.clear()
        self._active.clear()
        self.root.dead = True
        for task in self._graveyard:
            self._bury(task)
        self._graveyard.clear()
        super().close()

    def _bury(self, task: asyncio.Task[Any]) -> None:
        coroutine = task.get_coro()
        if coroutine is None or task.done():
            return
        try:
            copy_context().run(coroutine.close)
        except Exception as error:  # noqa: BLE001 - a killed process cannot object to its end
            self.errors.append({"message": f"closing {task.get_name()} failed", "exception": error})


class _Timer(asyncio.TimerHandle):
    """A timer handle without what debug mode keeps: very many are made."""

    __slots__ = ()

    def __init__(
        self, when: float, callback: Any, args: Any, loop: VirtualLoop, context: Context
    ) -> None:
        self._context = context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when
        self._scheduled = False
