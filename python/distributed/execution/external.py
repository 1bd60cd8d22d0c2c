"""Command lines as workflows: a program started by the child, its output captured."""

from __future__ import annotations

import errno
import os
import signal
from select import select

from .capture import LineBuffer
from .frames import Run


def environment(run: Run) -> dict[str, str]:
    """What the program finds in its environment, besides the worker's own.

    Arguments of the workflow arrive as `SHOAL_ARG_NAME`, as JSON.
    """
    import msgspec

    variables = dict(os.environ)
    variables["SHOAL_JOB"] = run.job_id
    variables["SHOAL_WORKFLOW"] = run.workflow
    variables["SHOAL_ATTEMPT"] = str(run.attempt)
    if run.args:
        for name, value in msgspec.msgpack.decode(run.args).items():
            variables[f"SHOAL_ARG_{name.upper()}"] = msgspec.json.encode(value).decode()
    return variables


class Program:
    """One running command. It shares the child's process group, so that force reaches it."""

    def __init__(self, command: tuple[str, ...], variables: dict[str, str]) -> None:
        self._pipes: dict[int, str] = {}
        ends = {}
        for descriptor, stream in ((1, "stdout"), (2, "stderr")):
            mine, theirs = os.pipe()
            self._pipes[mine] = stream
            ends[descriptor] = theirs
        actions = [(os.POSIX_SPAWN_DUP2, theirs, fd) for fd, theirs in ends.items()]
        try:
            self.pid = os.posix_spawnp(
                command[0],
                list(command),
                variables,
                file_actions=actions,
                setsigdef=[signal.SIGINT, signal.SIGPIPE, signal.SIGXCPU],
            )
        except OSError as error:
            for mine in self._pipes:
                os.close(mine)
            raise FileNotFoundError(
                errno.ENOENT, f"cannot start {command[0]!r}: {error.strerror}"
            ) from error
        finally:
            for theirs in ends.values():
                os.close(theirs)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            return

    def wait(self, streams: dict[str, LineBuffer]) -> int:
        """Pass on what it writes until it ends; its exit status, negative for a signal.

        A descendant that keeps the pipes open after the program's end is not waited for.
        """
        open_pipes = dict(self._pipes)
        status: int | None = None
        while open_pipes:
            timeout = 0.05 if status is None else 0.0
            readable, _, _ = select(list(open_pipes), [], [], timeout)
            for descriptor in readable:
                data = os.read(descriptor, 1 << 16)
                if data:
                    streams[open_pipes[descriptor]].write(data.decode("utf-8", "replace"))
                else:
                    del open_pipes[descriptor]
            if status is None:
                pid, encoded = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    status = os.waitstatus_to_exitcode(encoded)
            elif not readable:
                break
        for descriptor in self._pipes:
            os.close(descriptor)
        if status is None:
            _, encoded = os.waitpid(self.pid, 0)
            status = os.waitstatus_to_exitcode(encoded)
        return status


def describe(command: tuple[str, ...], status: int) -> str:
    """One sentence about an unsuccessful end."""
    if status >= 0:
        return f"{command[0]} exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"{command[0]} was ended by {name}"
