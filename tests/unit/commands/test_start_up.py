"""The command line starts without what it does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "cryptography",
    "opentelemetry",
    "textual",
    "asyncio",
    "importlib.metadata",
    "jinja2",
    "markdown_it",
    "msgspec",
    "prometheus_client",
    "psutil",
    "pygments",
    "sqlalchemy",
    "starlette",
    "structlog",
    "uvicorn",
    "uvloop",
}
PROGRAM = """
import sys, warnings
warnings.simplefilter("ignore")
from distributed.commands import entry
status = entry.run(sys.argv[1:])
print(",".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(status)
"""


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split(","))


@pytest.mark.parametrize("arguments", [("--help",), ("job", "--help")], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments) & HEAVY == set()
