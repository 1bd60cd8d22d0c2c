"""Runs one attempt inside a child: functions, coroutines and command lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from . import external
from .capture import LineBuffer
from .context import WorkflowContext
from .frames import Finished, FromChild, Run
from .limits import CpuLimitExceeded, kernel_limits
from .spill import SPILL_BYTES, spill

if TYPE_CHECKING:
    import asyncio

TRACEBACK_CHARS = 32_768
STOPPED_MEMORY = 1024


class Runner:
    """Runs attempts one at a time and says how each ended; never raises."""

    def __init__(
        self,
        send: Callable[[FromChild], None],
        streams: dict[str, LineBuffer],
        spill_directory: str,
    ) -> None:
        self._send = send
        self._streams = streams
        self._spill_directory = spill_directory
        self._functions: dict[str, Callable[..., Any]] = {}
        self._context: WorkflowContext | None = None
        self._current: Run | None = None
        self._stopped: dict[str, str] = {}
        self._interrupt: Callable[[], object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def current_dispatch(self) -> str:
        """The dispatch that runs now, or ""."""
        return self._current.dispatch_id if self._current else ""

    def stop(self, dispatch_id: str, reason: str) -> None:
        """Ask a dispatch, begun or not, to end. Called by the reader thread."""
        self._stopped[dispatch_id] = reason
        while len(self._stopped) > STOPPED_MEMORY:
            self._stopped.pop(next(iter(self._stopped)))
        context, interrupt = self._context, self._interrupt
        if context is not None and self.current_dispatch == dispatch_id:
            context.request_stop(reason)
            if interrupt is not None:
                interrupt()

    def flush(self) -> None:
        """Send what the running attempt reported and wrote. Called by the reader thread."""
        context = self._context
        if context is not None:
            context.flush()
        for stream in self._streams.values():
            stream.flush()

    def run(self, run: Run) -> Finished:
        """Run one attempt to its end."""
        if run.dispatch_id in self._stopped:
            reason = self._stopped.pop(run.dispatch_id)
            return Finished(run.dispatch_id, "cancelled", error=reason)
        context = self._context = WorkflowContext(run, self._send)
        self._current = run
        started = perf_counter()
        try:
            if run.command:
                finished = self._run_command(run)
            else:
                finished = self._run_function(run, context)
        except BaseException as error:  # noqa: BLE001 - the user's failure is the outcome
            finished = self._failure(run, error)
        elapsed = perf_counter() - started
        context.flush()
        for stream in self._streams.values():
            stream.finish()
        self._current, self._context, self._interrupt = None, None, None
        self._stopped.pop(run.dispatch_id, None)
        return msgspec.structs.replace(finished, run_seconds=elapsed)

    def _run_function(self, run: Run, context: WorkflowContext) -> Finished:
        function = self._functions.get(run.run)
        if function is None:
            function = self._functions[run.run] = resolve(run.run)
            self._adopt_logging()
        args: dict[str, Any] = msgspec.msgpack.decode(run.args) if run.args else {}
        with kernel_limits(run.memory_bytes, run.cpu_seconds, own_process=False):
            value = function(context, **args)
            if hasattr(value, "__await__"):
                value = self._run_coroutine(value)
        encoded = msgspec.msgpack.encode(value)
        if len(encoded) > SPILL_BYTES and self._spill_directory:
            reference = spill(self._spill_directory, run.dispatch_id, encoded)
            return Finished(run.dispatch_id, "completed", reference=reference)
        return Finished(run.dispatch_id, "completed", value=encoded)

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        loop = self._loop

        async def supervise() -> Any:
            me = asyncio.current_task()
            assert me is not None
            self._interrupt = partial(loop.call_soon_threadsafe, me.cancel)
            if self._context is not None and self._context.cancelled:
                me.cancel()
            try:
                return await coroutine
            finally:
                self._interrupt = None
                await cancel_others(me)

        return loop.run_until_complete(supervise())

    def _run_command(self, run: Run) -> Finished:
        with kernel_limits(run.memory_bytes, run.cpu_seconds, own_process=True):
            program = external.Program(run.command, external.environment(run))
        self._interrupt = program.terminate
        if self._context is not None and self._context.cancelled:
            program.terminate()
        status = program.wait(self._streams)
        if status == 0:
            value = msgspec.msgpack.encode({"exit_status": 0})
            return Finished(run.dispatch_id, "completed", value=value)
        state = "cancelled" if run.dispatch_id in self._stopped else "failed"
        return Finished(run.dispatch_id, state, error=external.describe(run.command, status))

    def _failure(self, run: Run, error: BaseException) -> Finished:
        retire = isinstance(error, MemoryError | CpuLimitExceeded)
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, CpuLimitExceeded):
            text = f"cpu limit: {run.cpu_seconds} s of processor time used up"
        if run.dispatch_id in self._stopped and not isinstance(error, Exception):
            reason = self._stopped[run.dispatch_id] or "cancelled"
            return Finished(run.dispatch_id, "cancelled", error=reason, retire=retire)
        return Finished(
            run.dispatch_id, "failed", error=text, traceback=render(error), retire=retire
        )

    def _adopt_logging(self) -> None:
        """Send log records of user code to the captured stderr, once it has imported logging."""
        logging = sys.modules.get("logging")
        if logging is not None and not logging.root.handlers:
            logging.basicConfig(
                level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
            )


async def cancel_others(me: object) -> None:
    """End tasks that the attempt left behind, so that they do not run into the next one."""
    import asyncio

    others = [task for task in asyncio.all_tasks() if task is not me]
    for task in others:
        task.cancel()
    if others:
        await asyncio.gather(*others, return_exceptions=True)


def resolve(path: str) -> Callable[..., Any]:
    """The function that `pkg.module:name` names; `name` may be dotted.

    Raises:
        ImportError: the module cannot be imported, or has no such name.
        TypeError: what it names cannot be called.
    """
    module_name, _, qualified = path.partition(":")
    if not module_name or not qualified:
        raise ImportError(f"{path!r} is not of the form 'pkg.module:name'")
    __import__(module_name)
    target: Any = sys.modules[module_name]
    for part in qualified.split("."):
        try:
            target = getattr(target, part)
        except AttributeError as error:
            raise ImportError(f"{module_name} has no {qualified!r}") from error
    if not callable(target):
        raise TypeError(f"{path!r} is a {type(target).__name__}, not a function")
    function: Callable[..., Any] = target
    return function


def render(error: BaseException) -> str:
    """The traceback as text, without this module's own frames, cut to a bound."""
    import traceback

    here = os.path.dirname(__file__)
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(here):
        frame = frame.tb_next
    text = "".join(traceback.format_exception(type(error), error, frame))
    if len(text) > TRACEBACK_CHARS:
        half = TRACEBACK_CHARS // 2
        text = f"{text[:half]}\n… cut …\n{text[-half:]}"
    return text
