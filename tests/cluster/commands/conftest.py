"""Running the `shoal` command, and asking what it left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

SHOAL = [sys.executable, "-m", "distributed.commands"]


def shoal(
    *arguments: str, cwd: Path, check: bool = False, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SHOAL, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=check,
        timeout=timeout,
        env={**os.environ, "TMPDIR": str(cwd)},
    )


def nodes_below(folder: Path) -> list[psutil.Process]:
    """Processes of ours whose temporary folder is this one."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            command = " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if environment.get("TMPDIR") == str(folder) and "distributed" in command:
            found.append(process)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A working and temporary folder; nothing started in it outlives the test."""
    yield tmp_path
    for process in nodes_below(tmp_path):
        process.kill()
