"""Running a document: its commands, its programs and its files, in the order they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
PORT = re.compile(r"127\.0\.0\.1:(77\d\d)")
NODES = ("gate", "manager", "worker", "agent")


def blocks(document: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return FENCE.findall(document.read_text())


class DocumentRunner:
    """Keeps the nodes that a document starts, on ports of this run's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports: dict[str, int] = {}
        self._nodes: list[subprocess.Popen[str]] = []

    def close(self) -> None:
        """End every node."""
        for node in reversed(self._nodes):
            assert node.stdin is not None
            node.stdin.close()
        for node in self._nodes:
            node.wait(timeout=60)
            assert node.stdout is not None
            node.stdout.close()

    def run(self, language: str, text: str) -> None:
        """Run one block; raises where it does not work."""
        text = PORT.sub(lambda match: f"127.0.0.1:{self._port(match[1])}", text)
        if language == "python":
            self._python(text)
        elif language == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                self._command(line.split(" #")[0].strip())
        elif language == "toml":
            tomllib.loads(text)

    def _port(self, written: str) -> int:
        if written not in self._ports:
            self._ports[written] = free_port()
        return self._ports[written]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SHOAL_LEDGER_URL": f"sqlite:{self._folder / 'ledger.db'}",
            "SHOAL_MEMBERSHIP_PROFILE": "local",
        }

    def _python(self, text: str) -> None:
        program = self._folder / f"block{len(list(self._folder.iterdir()))}.py"
        program.write_text(text)
        self._check([sys.executable, "-W", "ignore", str(program)])

    def _command(self, line: str) -> None:
        words = shlex.split(line)
        if words[:1] != ["shoal"]:
            return
        command = [sys.executable, "-m", "distributed.commands", *words[1:]]
        if words[1] in NODES:
            self._start([*command, "--tied"] if words[1] != "agent" else command)
        else:
            self._check(command)

    def _start(self, command: list[str]) -> None:
        with (self._folder / "nodes.log").open("a") as log:
            node = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self._environment(),
            )
        self._nodes.append(node)
        assert node.stdout is not None
        if not node.stdout.readline():
            log = (self._folder / "nodes.log").read_text()
            raise AssertionError(f"{command} did not come up: {log}")

    def _check(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=self._environment(),
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
