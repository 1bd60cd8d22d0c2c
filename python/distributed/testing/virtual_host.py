"""One simulated process: its place in the schedule, and what ails it."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HOST: ContextVar[VirtualHost] = ContextVar("shoal_virtual_host")
"""Which process the running code belongs to; inherited by every task and callback it makes."""


class VirtualHost:
    """A process under virtual time.

    Its callbacks run in the order in which they became ready, as in any event loop; between
    processes the order is the loop's to choose. A paused process runs nothing and catches up
    when it goes on, a slow one pays for each callback in virtual time, a dead one never runs
    again: its callbacks and timers are dropped, its tasks are left where they stood.
    """

    __slots__ = (
        "__weakref__",
        "busy_until",
        "callback_seconds",
        "context",
        "datacenter",
        "dead",
        "ip",
        "name",
        "parked",
        "paused",
        "ready",
        "runnable",
        "tasks",
    )

    def __init__(self, name: str, *, datacenter: str = "", ip: str = "") -> None:
        self.name = name
        self.datacenter = datacenter
        self.ip = ip
        self.ready: deque[asyncio.Handle] = deque()
        self.tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self.dead = False
        self.paused = False
        self.parked = False
        self.runnable = True
        """Whether its next callback may run as soon as one is ready."""
        self.callback_seconds = 0.0
        self.busy_until = 0.0
        self.context: Context = copy_context()
        self.context.run(HOST.set, self)

    def __repr__(self) -> str:
        state = "dead" if self.dead else "paused" if self.paused else "running"
        return f"<VirtualHost {self.name} {state}>"

    def settle(self) -> None:
        """Take a change of `dead`, `paused` or `parked` into account."""
        self.runnable = not (self.dead or self.paused or self.parked)

    def run(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Call `action` as code of this process."""
        return self.context.copy().run(action, *arguments)
