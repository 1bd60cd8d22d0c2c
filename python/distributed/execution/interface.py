"""What a worker knows of the thing that runs its workflows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from distributed.messages.dispatch import Assignment

from .events import Lost, Started
from .frames import Finished, Output, Progressed, Reported

Event = Started | Reported | Progressed | Output | Finished | Lost
"""What an executor tells about one dispatch; `Finished` or `Lost` is the last, and comes once."""

OnEvent = Callable[[Event], None]


class Executor(Protocol):
    """Runs assignments on a bounded number of cores.

    Everything handed to `start` is kept until it ends: what finds no core waits inside, holding
    none. Events arrive on the event loop, never from within `start` or `cancel`.
    """

    @property
    def slots(self) -> int:
        """Cores this executor can bind at one time."""
        ...

    @property
    def free_slots(self) -> int:
        """Cores not bound now."""
        ...

    @property
    def waiting(self) -> int:
        """Dispatches held that have not started."""
        ...

    async def open(self) -> None:
        """Make ready to run; returns once the first assignment could start.

        Raises:
            ConfigError: what it runs on cannot be used; says why.
        """
        ...

    def start(self, assignment: Assignment, on_event: OnEvent) -> None:
        """Run `assignment` when its cores are free, telling `on_event` what happens.

        Raises:
            ConfigError: it asks for more cores than `slots`.
            ClosedError: the executor was closed.
        """
        ...

    def cancel(self, dispatch_id: str, grace_seconds: float, reason: str = "") -> bool:
        """Ask the dispatch to stop, by force after `grace_seconds`; False where it is unknown.

        The dispatch still ends by its own `Finished`, which may say that it completed first.
        """
        ...

    async def close(self, grace_seconds: float = 0.0) -> None:
        """Stop everything: what runs is asked first where a grace is given, then killed."""
        ...
