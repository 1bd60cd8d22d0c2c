"""Timers of Python on the agent's wheel: they run on time whatever else the loop has to do."""

from __future__ import annotations

import itertools
import sys
import traceback
from collections.abc import Callable

from distributed.errors import ClosedError

from .reader import Reader


class AgentTimers:
    """Callbacks by deadline, kept by the native thread and woken through its descriptor.

    The same calls as `distributed.clock.Timers`. Nothing runs early, each due callback runs
    once after a stall of any length, and what one raises goes to `on_error` while the others
    run. Belongs to the event loop that made it.
    """

    def __init__(self, *, on_error: Callable[[BaseException, str], object]) -> None:
        self._reader = Reader.acquire()
        self._on_error = on_error
        self._tokens: dict[int, int] = {}
        self._keys = itertools.count(1)
        self._stopped = False

    def __len__(self) -> int:
        """Callbacks that will still run."""
        return len(self._tokens)

    def call_later(self, seconds: float, callback: Callable[..., object], *args: object) -> int:
        """Have ``callback(*args)`` run in ``seconds``; the key cancels or moves it.

        Raises:
            ClosedError: after `stop`.
        """
        if self._stopped:
            raise ClosedError("the timers were stopped and take no more callbacks")
        key = next(self._keys)
        self._tokens[key] = self._reader.call_later(seconds, lambda: self._run(key, callback, args))
        return key

    def cancel(self, key: int) -> bool:
        """Keep a callback from running; False if it ran or was cancelled before."""
        token = self._tokens.pop(key, None)
        if token is None:
            return False
        self._reader.cancel(token)
        return True

    def move(self, key: int, seconds: float) -> bool:
        """Run a waiting callback in ``seconds`` from now instead; False where it ran."""
        token = self._tokens.get(key)
        return token is not None and self._reader.move(token, seconds)

    def stop(self) -> None:
        """Drop all callbacks: none runs after this returns. Safe to call twice."""
        if self._stopped:
            return
        self._stopped = True
        for token in self._tokens.values():
            self._reader.cancel(token)
        self._tokens.clear()
        self._reader.release()

    def _run(self, key: int, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        if self._tokens.pop(key, None) is None:
            return
        try:
            callback(*args)
        except Exception as error:  # noqa: BLE001 - reported with its name, the others must run
            self._report(error, getattr(callback, "__qualname__", repr(callback)))

    def _report(self, error: Exception, name: str) -> None:
        try:
            self._on_error(error, name)
        except Exception:  # noqa: BLE001 - the last resort: standard error
            traceback.print_exception(error, file=sys.stderr)
            traceback.print_exc(file=sys.stderr)
