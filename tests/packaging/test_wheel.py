"""The wheel stands on its own: contents, dependencies, and the command without its extra."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from .conftest import Environment

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]


def test_the_wheel_is_abi3_and_holds_what_it_must(wheel: Path) -> None:
    assert re.search(r"-cp311-abi3-.*\.whl$", wheel.name)
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "distributed/py.typed",
        "distributed/_native.pyi",
        "distributed/_native.abi3.so",
    ):
        assert needed in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".rs")]
    assert any("LICENSE-APACHE" in name for name in names)


def test_the_embedding_install_brings_msgspec_and_uvloop_alone(
    environment: Environment, wheel: Path
) -> None:
    environment.install(str(wheel))
    listed = environment.run("pip", "list", "--format=freeze").stdout
    installed = {line.split("==")[0].split(" @")[0] for line in listed.split()}
    assert installed - {"pip", "setuptools"} >= {"shoal", "msgspec", "uvloop"}
    assert installed - {"pip", "setuptools", "shoal", "msgspec", "uvloop"} == set()
    names = environment.run("python", "-c", "import distributed as d; print(*d.__all__)").stdout
    environment.run("python", "-c", f"from distributed import {', '.join(names.split())}")


def test_the_command_without_its_extra_says_what_to_install(
    environment: Environment, wheel: Path
) -> None:
    environment.install(str(wheel))
    done = environment.run("shoal", "--help", check=False)
    assert done.returncode == 1
    assert "pip install 'shoal[node]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_job_runs_from_the_installed_wheel_outside_the_source_tree(
    environment: Environment, wheel: Path
) -> None:
    environment.install(f"{wheel}[node]")
    done = environment.run("shoal", "demo", "--pace", "0.2", check=False)
    assert done.returncode == 0, done.stderr
    assert "completed: every workflow completed" in done.stdout
    where = environment.run("python", "-c", "import distributed; print(distributed.__file__)")
    assert str(environment.folder) in where.stdout
