"""One node as a child process: started, awaited, stopped by its own process id."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from distributed.errors import ShoalError


class Ready(msgspec.Struct, frozen=True):
    """The line that a node writes to standard output once it serves."""

    role: str
    name: str
    address: str
    member_address: str = ""
    web_address: str = ""
    pid: int = 0


class NodeFailed(ShoalError):
    """A node's process ended before it was ready.

    Attributes:
        name: the node's name.
        status: its exit status.
    """

    def __init__(self, name: str, status: int | None, output: str) -> None:
        self.name = name
        self.status = status
        super().__init__(f"node {name} ended with status {status} before it was ready: {output}")


class NodeProcess:
    """A `shoal gate|manager|worker` child in a process group of its own."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.arguments = tuple(arguments)
        self.log = log
        self.ready: Ready | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Process id; zero before the start."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self, *, timeout_seconds: float = 30.0) -> Ready:
        """Start, and wait until the node serves.

        Raises:
            NodeFailed: it ended first, or said nothing in time; carries the log's tail.
        """
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "distributed.commands",
                *self.arguments,
                "--tied",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), timeout_seconds)
        except TimeoutError:
            await self.kill()
            raise NodeFailed(self.name, None, self._tail()) from None
        if not line:
            raise NodeFailed(self.name, await self._process.wait(), self._tail())
        self.ready = msgspec.json.decode(line, type=Ready)
        return self.ready

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the node alone."""
        if self.running:
            os.kill(self.pid, number)

    async def ended(self, *, timeout_seconds: float) -> int:
        """Wait until it ends by itself; returns the exit status.

        Raises:
            TimeoutError: it still runs.
            RuntimeError: it was never started.
        """
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return await asyncio.wait_for(self._process.wait(), timeout_seconds)

    async def kill(self) -> None:
        """SIGKILL to the node and whatever it started; returns when it is gone."""
        if self._process is None:
            return
        self._signal_group(signal.SIGKILL)
        await self._process.wait()

    async def stop(self, *, timeout_seconds: float = 15.0, graceful: bool = False) -> int:
        """SIGINT, or SIGTERM to let it finish what runs, then SIGKILL; returns the exit status."""
        if self._process is None:
            return 0
        if self.running:
            self.send_signal(signal.SIGTERM if graceful else signal.SIGINT)
        try:
            await asyncio.wait_for(self._process.wait(), timeout_seconds)
        except TimeoutError:
            await self.kill()
        self._signal_group(signal.SIGKILL)
        assert self._process.returncode is not None
        return self._process.returncode

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def _tail(self, size: int = 2000) -> str:
        try:
            return self.log.read_bytes()[-size:].decode(errors="replace").strip() or "no output"
        except OSError as error:
            return f"no log at {self.log}: {error.strerror}"
