"""Beside dask's distribution every import of ours fails with one sentence that repairs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Environment

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]

TOP_PACKAGES = ("client", "commands", "execution", "gate", "manager", "testing", "worker")
IMPORTS = (
    "import distributed.gate",
    "from distributed import Client",
    *(f"import distributed.{package}" for package in TOP_PACKAGES),
)
SENTENCE = "both provide the import package 'distributed' and cannot share an environment"
REPAIR = "pip uninstall distributed` and then `pip install --force-reinstall --no-deps shoal"


@pytest.mark.parametrize("dask_first", [True, False], ids=["dask-first", "dask-second"])
def test_every_import_names_the_repair(
    environment: Environment, wheel: Path, dask_first: bool
) -> None:
    ours, theirs = [str(wheel)], ["distributed"]
    for requirements in (theirs, ours) if dask_first else (ours, theirs):
        environment.install(*requirements)
    for statement in IMPORTS:
        done = environment.run("python", "-c", statement, check=False)
        assert done.returncode != 0, statement
        assert SENTENCE in done.stderr, (statement, done.stderr)
        assert REPAIR in done.stderr, (statement, done.stderr)
    done = environment.run("shoal", "--version", check=False)
    assert done.returncode != 0
    assert SENTENCE in done.stderr


def test_the_named_repair_works(environment: Environment, wheel: Path) -> None:
    environment.install(str(wheel))
    environment.install("--no-deps", "distributed")
    environment.run("pip", "uninstall", "-q", "-y", "distributed")
    environment.install("--force-reinstall", "--no-deps", str(wheel))
    done = environment.run("python", "-c", "import distributed; print(distributed.__version__)")
    assert done.stdout.strip()
