"""How much of the memory that it may take this process has."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
LIMITS = ("memory.max", "memory/memory.limit_in_bytes")
"""Of a container, as cgroup v2 and v1 call them."""


def memory_limit_bytes(cgroup: Path = CGROUP) -> int:
    """What all of this container may take, or this machine has; the least of them."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in LIMITS:
        try:
            text = (cgroup / name).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    return min(limits)


class ProcessMemory:
    """Resident memory of this process, as a share of the limit at its start.

    Args:
        statm: the kernel's word about the process; where it cannot be read, nothing is known.
        limit_bytes: what counts as all.
    """

    def __init__(self, statm: str = "/proc/self/statm", limit_bytes: int = 0) -> None:
        self._statm = statm
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._limit_bytes = limit_bytes or memory_limit_bytes()

    def __call__(self) -> float | None:
        """The share now, 0 to 1."""
        try:
            with open(self._statm, "rb") as file:
                pages = int(file.read().split()[1])
        except OSError:
            return None
        return pages * self._page_bytes / self._limit_bytes
