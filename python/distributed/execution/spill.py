"""Values too large to sit in memory lie in a file, until they are carried on or read."""

from __future__ import annotations

import os

SPILL_BYTES = 1 << 20


def spill(directory: str, name: str, value: bytes) -> str:
    """Write `value` under `directory` and return its `file://` reference.

    The file appears whole or not at all.

    Raises:
        OSError: the directory cannot be written.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    target = os.path.abspath(os.path.join(directory, f"{safe}.msgpack"))
    partial = f"{target}.partial"
    with open(partial, "wb") as file:
        file.write(value)
    os.rename(partial, target)
    return f"file://{target}"


def sweep(directory: str, older_than_wall: float) -> int:
    """Delete spilled results last written before `older_than_wall` (Unix seconds); how many."""
    removed = 0
    if not os.path.isdir(directory):
        return 0
    for entry in list(os.scandir(directory)):
        try:
            if entry.is_file() and entry.stat().st_mtime < older_than_wall:
                os.unlink(entry.path)
                removed += 1
        except FileNotFoundError:
            continue
    return removed
