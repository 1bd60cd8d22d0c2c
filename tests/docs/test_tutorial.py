"""Somebody who types what the tutorial says has two datacenters running, and a job through them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ledger.postgres import missing_postgres

from .document import ROOT
from .tutorial import commands, files, script

DOCUMENT = ROOT / "docs" / "tutorial.md"
MISSING = missing_postgres() or ("" if os.geteuid() == 0 else "the tutorial's shell is root's")
TYPED_IN_ALL = 15


def typed_until_the_job() -> list[str]:
    lines = commands(DOCUMENT)
    last = next(n for n, line in enumerate(lines) if line.startswith("shoal run"))
    return lines[: last + 1]


def test_it_is_as_short_as_it_says() -> None:
    typed = typed_until_the_job()
    assert len(typed) <= TYPED_IN_ALL
    written = re.search(r"in (\w+) commands", DOCUMENT.read_text())
    names = {12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen"}
    assert written is not None
    assert written[1] == names[len(typed)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where PostgreSQL's user may go too."""
    made = Path(f"/tmp/shoal-tutorial-{os.getpid()}")
    made.mkdir(mode=0o755)
    try:
        yield made
    finally:
        left = made / "ledger" / "postmaster.pid"
        if left.exists():
            os.kill(int(left.read_text().split()[0]), signal.SIGQUIT)
            while left.exists():
                time.sleep(0.05)
        shutil.rmtree(made)


@pytest.mark.cluster
@pytest.mark.timeout(300)
@pytest.mark.skipif(bool(MISSING), reason=MISSING or "never")
def test_what_it_says_to_type_works(folder: Path) -> None:
    for name, text in files(DOCUMENT).items():
        (folder / name).write_text(text)
    binaries = folder / "bin"
    binaries.mkdir()
    shoal = binaries / "shoal"
    shoal.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore -m distributed.commands "$@"\n')
    shoal.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script(DOCUMENT, folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"},
    )
    logs = "".join(log.read_text()[-2000:] for log in sorted(folder.glob("*.log")))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{logs}"
    rows = [line.split("\t") for line in done.stdout.splitlines() if "words" in line]
    assert sorted(row[2] for row in rows) == ["east", "west"], done.stdout
    assert {row[-1] for row in rows} == {"5 words"}
