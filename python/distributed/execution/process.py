"""One child process as the pool sees it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from . import frames

if TYPE_CHECKING:
    from .held import Held

CLOSE_AFTER_EXIT_SECONDS = 0.2
RAW_LINE_BYTES = 4096


class Owner(Protocol):
    """Who is told what a child does."""

    def child_said(self, child: ChildProcess, message: frames.FromChild) -> None:
        """A message came."""
        ...

    def child_wrote(self, child: ChildProcess, stream: str, line: str) -> None:
        """A line came on the real standard streams, from below Python."""
        ...

    def child_ended(self, child: ChildProcess, reason: str) -> None:
        """The process is gone and everything it sent has been told."""
        ...


class ChildProcess:
    """A running child: frames out, messages in, one end.

    The end is told once, after the socket has been read to its end, so that what a child sent
    before it died counts.
    """

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._link: asyncio.Transport | None = None
        self._process: asyncio.SubprocessTransport | None = None
        self._outgoing: list[frames.ToChild] = []
        self._link_lost = False
        self._exit_status: int | None = None
        self._told = False
        self._kill_reason = ""
        self._raw_tail = ""
        self.pid = 0
        self.ready = False
        self.runs = 0
        self.last_words = ""
        self.pending: OrderedDict[str, Held] = OrderedDict()
        """Dispatches sent and not ended; the first one is the one that runs."""

    async def launch(self, spill_directory: str, environment: dict[str, str]) -> None:
        """Start the process.

        Raises:
            OSError: the interpreter cannot be started.
        """
        loop = asyncio.get_running_loop()
        mine, theirs = socket.socketpair()
        mine.setblocking(False)
        try:
            process, _ = await loop.subprocess_exec(
                lambda: _Streams(self),
                sys.executable,
                "-m",
                "distributed.execution.child",
                str(theirs.fileno()),
                spill_directory,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=environment,
            )
        except BaseException:
            mine.close()
            raise
        finally:
            theirs.close()
        self._process = process
        self.pid = process.get_pid()
        link, _ = await loop.create_connection(lambda: _Link(self), sock=mine)
        self._link = link
        self.flush()

    @property
    def hung_up(self) -> bool:
        """Whether nothing more can be sent to it."""
        return self._link is None or self._link.is_closing() or bool(self._kill_reason)

    @property
    def ended(self) -> bool:
        """Whether `child_ended` was told."""
        return self._told

    def put(self, message: frames.ToChild) -> None:
        """Queue a message; `flush` sends what is queued in one frame."""
        self._outgoing.append(message)

    def flush(self) -> None:
        """Send what is queued."""
        if self._link is not None and self._outgoing:
            self._link.write(frames.encode(self._outgoing))
            self._outgoing = []

    def kill(self, reason: str) -> None:
        """End the process and everything it started, at once."""
        self._kill_reason = self._kill_reason or reason
        self._kill_group()

    def retire(self) -> None:
        """Hang up: the child ends itself, with everything it started."""
        self._kill_reason = self._kill_reason or "retired"
        if self._link is not None:
            self._link.close()

    def _kill_group(self) -> None:
        if not self.pid:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def _link_ended(self) -> None:
        self._link_lost = True
        self._end_if_over()

    def _exited(self) -> None:
        assert self._process is not None
        self._exit_status = self._process.get_returncode()
        self._kill_group()
        loop = asyncio.get_running_loop()
        loop.call_later(CLOSE_AFTER_EXIT_SECONDS, self._close_link)
        self._end_if_over()

    def _close_link(self) -> None:
        if self._link is not None and not self._link_lost:
            self._link.close()

    def _end_if_over(self) -> None:
        if self._told or not self._link_lost:
            return
        if self._exit_status is None:
            self._kill_group()
            return
        self._told = True
        if self._process is not None:
            self._process.close()
        self._owner.child_ended(self, self._kill_reason or describe_exit(self._exit_status))

    def _message(self, message: frames.FromChild) -> None:
        if isinstance(message, frames.Ready):
            self.ready = True
        self._owner.child_said(self, message)

    def _raw(self, descriptor: int, data: bytes) -> None:
        stream = "stderr" if descriptor == 2 else "stdout"
        *lines, tail = (self._raw_tail + data.decode("utf-8", "replace")).split("\n")
        self._raw_tail = tail[-RAW_LINE_BYTES:]
        for line in lines:
            self.last_words = line or self.last_words
            self._owner.child_wrote(self, stream, line[:RAW_LINE_BYTES])


class _Link(asyncio.Protocol):
    """Reads the socket to a child."""

    def __init__(self, child: ChildProcess) -> None:
        self._child = child
        self._splitter = frames.Splitter()

    def data_received(self, data: bytes) -> None:
        for body in self._splitter.feed(data):
            for message in frames.from_child.decode(body):
                self._child._message(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._child._link_ended()


class _Streams(asyncio.SubprocessProtocol):
    """Hears of the real standard streams and of the exit."""

    def __init__(self, child: ChildProcess) -> None:
        self._child = child

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._child._raw(fd, data)

    def process_exited(self) -> None:
        self._child._exited()


def describe_exit(status: int) -> str:
    """One sentence about how a process ended that nobody asked to end."""
    if status == -signal.SIGKILL:
        return "its process was killed by SIGKILL (often the kernel, out of memory)"
    if status < 0:
        try:
            return f"its process was ended by {signal.Signals(-status).name}"
        except ValueError:
            return f"its process was ended by signal {-status}"
    return f"its process exited with status {status} before the workflow ended"
