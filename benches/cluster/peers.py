"""Builds the peers in places of their own and runs them; each tells JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILT = Path(os.environ.get("SHOAL_BENCH_PEERS", ROOT / ".venvs" / "peers"))
PINNED = {"kinship": "kinship==0.4.0", "swimprotocol": "swim-protocol==0.6.3"}
Told = dict[str, Any]


def python_of(peer: str) -> Path:
    """The interpreter that has the peer; made on first use. Ours runs in the present one."""
    if peer == "shoal":
        return Path(sys.executable)
    place = BUILT / peer
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PINNED[peer]], check=True)
    return python


def memberlist() -> Path:
    """The memberlist driver; built where its source is newer."""
    binary = BUILT / "memberlist-cluster"
    source = ROOT / "benches" / "peers" / "memberlist-cluster"
    changed = max(file.stat().st_mtime for file in source.glob("*.go"))
    if not binary.exists() or binary.stat().st_mtime < changed:
        BUILT.mkdir(parents=True, exist_ok=True)
        subprocess.run(["go", "build", "-o", binary, "."], cwd=source, check=True)
    return binary


def example(name: str) -> Path:
    """One of the agent's examples, built for release."""
    command = ["cargo", "build", "--release", "-q", "-p", "shoal-agent", "--example", name]
    subprocess.run(command, cwd=ROOT, check=True)
    return ROOT / "target" / "release" / "examples" / name


def cluster(peer: str, count: int, **options: float) -> list[Told]:
    """Run a whole cluster in one process and return what it told."""
    if peer == "memberlist":
        command = [str(memberlist()), "-n", str(count)]
        command += [text for key, value in options.items() for text in (f"-{key}", f"{value:g}")]
    else:
        command = [str(python_of(peer)), "-W", "ignore", str(HERE / "one_cluster.py"), peer]
        command += ["-n", str(count)]
        command += [text for key, value in options.items() for text in (f"--{key}", f"{value:g}")]
    return run(command)


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> list[Told]:
    """Run a driver to its end and return what it told."""
    finished = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=HERE,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    return [json.loads(line) for line in finished.stdout.splitlines() if line.startswith(b"{")]


def only(told: Sequence[Told], kind: str) -> list[Told]:
    """What was told of one kind."""
    return [line for line in told if line["kind"] == kind]


def cpu_seconds(pid: int) -> float:
    """User and system time of another process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
