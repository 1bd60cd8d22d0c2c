"""A wheel built once, and empty virtual environments to put it into."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Environment:
    """A virtual environment outside the source tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, with_pip=True)

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, away from the source tree."""
        command = [str(self.folder / "bin" / arguments[0]), *arguments[1:]]
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            command, cwd=self.folder, env=clean, capture_output=True, text=True, check=check
        )

    def install(self, *requirements: str) -> None:
        self.run("pip", "install", "-q", *requirements)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make wheel` gives, built with the quick profile."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [
            "make",
            "-s",
            "wheel",
            "WHEEL_PROFILE=fast",
            f"WHEEL_DIR={folder}",
            f"VENV={Path(sys.prefix)}",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


@pytest.fixture
def make_environment(tmp_path: Path) -> Callable[[str], Environment]:
    return lambda name: Environment(tmp_path / name)
