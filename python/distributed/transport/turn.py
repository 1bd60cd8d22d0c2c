"""What is done once everything that one read of a socket brought was looked at.

A read may bring many messages. What they give rise to (a round of scheduling, a write) is done
once for all of them, and in the same turn of the event loop: the next process waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Turn:
    """The end of the reading that goes on now: one for all connections of a node.

    Messages are read inside `with turn:`.
    """

    __slots__ = ("_due", "_reading")

    def __init__(self) -> None:
        self._due: list[Callable[[], object]] = []
        self._reading = False

    def soon(self, callback: Callable[[], object]) -> None:
        """Call `callback` when the messages at hand are read; else in the loop's next turn.

        What is called may have more called; all of it is done before anything else is read.
        """
        if self._reading:
            self._due.append(callback)
        else:
            asyncio.get_running_loop().call_soon(callback)

    def __enter__(self) -> None:
        self._reading = True

    def __exit__(self, *_: object) -> None:
        for callback in self._due:
            try:
                callback()
            except Exception as error:  # noqa: BLE001 - as the loop does for what it calls
                _report(callback, error)
        self._due.clear()
        self._reading = False


def _report(callback: Callable[[], object], error: Exception) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"{callback!r} failed at the end of a read", "exception": error}
    )
