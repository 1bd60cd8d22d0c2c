"""The tutorial as one shell script: its commands, its files, on ports and in a folder of a test."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port

from .document import blocks

FOLDER = "/tmp/shoal"
PORT = re.compile(r"127\.0\.0\.1:(77\d\d)|-p (77\d\d)")
SAVED = re.compile(r"Save this as `([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.M | re.S)
READY_SECONDS = 120


def commands(document: Path) -> list[str]:
    """Every line that the document says to type."""
    return [
        line
        for language, text in blocks(document)
        if language == "sh"
        for line in text.splitlines()
    ]


def files(document: Path) -> dict[str, str]:
    """Every file that the document says to save."""
    return dict(SAVED.findall(document.read_text()))


def script(document: Path, folder: Path) -> str:
    """What typing it all does, waiting for each node's line as a person would."""
    ports: dict[str, str] = {}

    def here(match: re.Match[str]) -> str:
        port = match[1] or match[2]
        return match[0].replace(port, ports.setdefault(port, str(free_port())))

    typed = list(_typed(commands(document)))
    text = PORT.sub(here, "\n".join(typed)).replace(FOLDER, shlex.quote(str(folder)))
    return f"set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{text}\n"


def _typed(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if line.startswith("shoal status"):
            yield from _until_all_is_known(lines)
        if not line.endswith("&"):
            yield line
            continue
        told = f"node-{number}.out"
        yield f"{line.removesuffix('&')} >{told} &"
        yield (
            f"for _ in $(seq {READY_SECONDS * 5}); do"
            f" grep -q address {told} && break; kill -0 $!; sleep 0.2; done"
        )


def _until_all_is_known(lines: list[str]) -> Iterator[str]:
    """Wait until each gate that was started sees two healthy datacenters."""
    for line in lines:
        if line.startswith("shoal gate"):
            gate = line.partition("--bind ")[2].split()[0]
            asked = f"shoal status {gate} --json | grep -o 'bucket\":\"healthy' | wc -l"
            yield (
                f"for _ in $(seq {READY_SECONDS}); do"
                f' [ "$({asked})" -eq 2 ] && break; sleep 0.2; done'
            )
