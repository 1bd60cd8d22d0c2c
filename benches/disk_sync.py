"""What one small write with a sync takes where a ledger is: the yardstick of what is durable."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path


def sync_seconds(folder: Path, times: int = 200) -> float:
    """The median of so many."""
    taken = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(times):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - started)
    return statistics.median(taken)
