"""The pool's child processes: started when needed, kept warm, replaced when worn or dead."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from distributed import _coexist

from .process import ChildProcess, Owner

Spawn = Callable[[str, Callable[[], Coroutine[Any, Any, None]]], object]
"""Runs a coroutine in the background under the node's supervisor."""

RELAUNCH_SECONDS = 0.2


class Crew:
    """At most `size` children. An idle one is handed out newest first: it is the warmest."""

    def __init__(
        self,
        size: int,
        owner: Owner,
        spawn: Spawn,
        on_change: Callable[[], None],
        *,
        spill_directory: str,
        import_paths: tuple[str, ...],
        runs_per_child: int,
    ) -> None:
        self._size = size
        self._owner = owner
        self._spawn = spawn
        self._on_change = on_change
        self._spill_directory = spill_directory
        self._environment = child_environment(import_paths)
        self._runs_per_child = runs_per_child
        self._idle: deque[ChildProcess] = deque()
        self._launching = 0
        self._emptied: asyncio.Event | None = None
        self._closed = False
        self.children: set[ChildProcess] = set()
        self.failure = ""
        self.failures = 0

    @property
    def idle(self) -> int:
        """Children that have nothing to do."""
        return len(self._idle)

    def take(self) -> ChildProcess | None:
        """An idle child, or None."""
        while self._idle:
            child = self._idle.pop()
            if not child.hung_up:
                return child
        return None

    def give_back(self, child: ChildProcess) -> None:
        """`child` has nothing to do any more; a worn one is replaced."""
        if child.runs >= self._runs_per_child:
            child.retire()
        elif not child.hung_up:
            self._idle.append(child)

    def want(self, count: int) -> None:
        """Start up to `count` children beyond those that are starting, within the size."""
        starting = self._launching + sum(1 for child in self.children if not child.ready)
        room = self._size - len(self.children) - self._launching
        for _ in range(min(count - starting, room)):
            self._launching += 1
            self._spawn("launch-child", self._launch_quietly)

    async def launch(self) -> None:
        """Start one child; it counts as idle once it says that it is ready.

        Raises:
            OSError: it cannot be started.
        """
        child = ChildProcess(self._owner)
        await child.launch(self._spill_directory, self._environment)
        self.children.add(child)
        if self._closed:
            child.kill("the worker stops")

    def ready(self, child: ChildProcess) -> None:
        """`child` is up and can be given work."""
        self.failures = 0
        self._idle.append(child)

    def ended(self, child: ChildProcess) -> None:
        """`child` is gone."""
        self.children.discard(child)
        if child in self._idle:
            self._idle.remove(child)
        if not child.ready:
            self.failures += 1
            self.failure = child.last_words
        self._tell_emptied()

    async def close(self) -> None:
        """Kill all of them; returns when the last is gone."""
        self._closed = True
        for child in list(self.children):
            child.kill("the worker stops")
        while self.children or self._launching:
            self._emptied = asyncio.Event()
            await self._emptied.wait()

    async def _launch_quietly(self) -> None:
        try:
            await self.launch()
        except OSError as error:
            self.failures += 1
            self.failure = f"cannot start a child process: {error}"
            asyncio.get_running_loop().call_later(RELAUNCH_SECONDS, self._on_change)
        finally:
            self._launching -= 1
            self._tell_emptied()
        self._on_change()

    def _tell_emptied(self) -> None:
        if self._emptied is not None:
            self._emptied.set()


def child_environment(import_paths: tuple[str, ...]) -> dict[str, str]:
    """This process's environment, with `import_paths` in front of the module search path."""
    variables = dict(os.environ)
    before = variables.get("PYTHONPATH", "")
    paths = [*import_paths, *([before] if before else [])]
    if paths:
        variables["PYTHONPATH"] = os.pathsep.join(paths)
    variables[_coexist.CHECKED] = "1"
    return variables
