"""Limits of one attempt: set in the child by the kernel, watched from outside by the pool."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import msgspec

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")

WARN_SHARE = 0.8
SURE_SHARE = 1.2
CONFIRMATIONS = 2


class Usage(msgspec.Struct, frozen=True, gc=False):
    """What a process and everything below it holds: resident bytes and processor seconds."""

    resident_bytes: int
    cpu_seconds: float
    processes: int = 1


def process_tree_usage(pid: int) -> Usage | None:
    """Usage of `pid` and its descendants; None where it is gone or /proc is not there."""
    resident, ticks, count = 0, 0, 0
    stack = [pid]
    while stack:
        current = stack.pop()
        try:
            with open(f"/proc/{current}/statm", "rb") as file:
                resident += int(file.read().split()[1]) * _PAGE
            with open(f"/proc/{current}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
            count += 1
            for thread in os.listdir(f"/proc/{current}/task"):
                with open(f"/proc/{current}/task/{thread}/children", "rb") as file:
                    stack.extend(int(child) for child in file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            if current == pid:
                return None
    return Usage(resident, ticks / _TICK, count)


class Verdict(StrEnum):
    """What a usage sample asks for."""

    FINE = "fine"
    WARN = "warn"
    KILL = "kill"


class LimitWatch:
    """Judges samples of one attempt against its limits.

    A sample a little over the limit waits for a second one, so that a passing peak between two
    readings does not end an attempt; far over, one is enough. The warning is given once.
    """

    def __init__(
        self, memory_bytes: int | None, cpu_seconds: float | None, baseline: Usage | None
    ) -> None:
        self._memory = memory_bytes
        self._cpu = cpu_seconds
        self._cpu_before = baseline.cpu_seconds if baseline else 0.0
        self._over = 0
        self._warned = False
        self.reason = ""

    def judge(self, usage: Usage) -> Verdict:
        """The verdict on one sample; `reason` says why where it is not fine."""
        share, reason = 0.0, ""
        if self._memory is not None:
            share = usage.resident_bytes / self._memory
            reason = (
                f"memory limit: {usage.resident_bytes} bytes resident in {usage.processes} "
                f"process(es), {self._memory} allowed"
            )
        if self._cpu is not None:
            used = usage.cpu_seconds - self._cpu_before
            if used / self._cpu > share:
                share = used / self._cpu
                reason = f"cpu limit: {used:.2f} s of processor time used, {self._cpu} allowed"
        self.reason = reason
        if share <= 1.0:
            self._over = 0
            if share >= WARN_SHARE and not self._warned:
                self._warned = True
                return Verdict.WARN
            return Verdict.FINE
        self._over += 1
        if share >= SURE_SHARE or self._over >= CONFIRMATIONS:
            return Verdict.KILL
        return Verdict.FINE


class CpuLimitExceeded(BaseException):
    """Raised in the child's main thread when the kernel reports the processor limit reached.

    Not an `Exception`, so that user code which goes on past errors does not go on past this.
    """


@contextmanager
def kernel_limits(
    memory_bytes: int | None, cpu_seconds: float | None, *, own_process: bool
) -> Iterator[None]:
    """Hold the soft limits while the body runs.

    Memory counts private writable memory beyond what the process holds now (RLIMIT_DATA), so
    an allocation over it raises MemoryError. `own_process` says that the attempt is a program
    started inside the body, whose processor time begins at zero.
    """
    if memory_bytes is None and cpu_seconds is None:
        yield
        return
    import resource

    restore = []
    if memory_bytes is not None:
        with open("/proc/self/statm", "rb") as file:
            held = int(file.read().split()[5]) * _PAGE
        restore.append((resource.RLIMIT_DATA, resource.getrlimit(resource.RLIMIT_DATA)))
        limit = memory_bytes if own_process else held + memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (limit, restore[-1][1][1]))
    if cpu_seconds is not None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = 0.0 if own_process else usage.ru_utime + usage.ru_stime
        restore.append((resource.RLIMIT_CPU, resource.getrlimit(resource.RLIMIT_CPU)))
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + cpu_seconds) + 1, restore[-1][1][1]))
    try:
        yield
    finally:
        for which, limits in restore:
            resource.setrlimit(which, limits)
