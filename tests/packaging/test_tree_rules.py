"""The tree keeps its rules, and each rule catches its breach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from . import tree_rules

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "distributed"
GUARDED = ("client", "commands", "execution", "gate", "manager", "testing", "worker")
TREES = (PACKAGE, ROOT / "rust", ROOT / "tests", ROOT / "benches", ROOT / "examples")


def test_no_file_holds_two_ideas() -> None:
    assert tree_rules.oversized_files(*TREES) == []


def test_no_function_is_longer_than_a_screen() -> None:
    assert [line for tree in TREES for line in tree_rules.oversized_functions(tree)] == []


def test_the_extension_is_imported_only_by_the_rooms_that_own_it() -> None:
    assert tree_rules.stray_native_imports(PACKAGE) == []


def test_no_error_is_caught_and_dropped() -> None:
    assert tree_rules.swallowed_exceptions(PACKAGE) == []


def test_no_path_of_ours_is_one_that_dask_ships() -> None:
    assert tree_rules.paths_shared_with_dask(PACKAGE) == []


def test_every_room_is_named_after_what_it_holds() -> None:
    assert tree_rules.vague_names(PACKAGE, ROOT / "rust") == []


def test_every_top_package_refuses_to_live_beside_dask() -> None:
    assert tree_rules.unguarded_packages(PACKAGE, GUARDED) == []


BREACHES: list[tuple[str, str, Callable[[Path], list[str]]]] = [
    ("jobs/long.py", "x = 1\n" * 401, tree_rules.oversized_files),
    ("jobs/tall.py", "def f() -> None:\n" + "    x = 1\n" * 60, tree_rules.oversized_functions),
    ("gate/n.py", "from distributed import _native\n", tree_rules.stray_native_imports),
    ("gate/n.py", "import distributed._native as n\n", tree_rules.stray_native_imports),
    (
        "gate/s.py",
        "try:\n    f()\nexcept Exception:\n    pass\n",
        tree_rules.swallowed_exceptions,
    ),
    ("gate/s.py", "try:\n    f()\nexcept:\n    g()\n", tree_rules.swallowed_exceptions),
    ("metrics.py", "", tree_rules.paths_shared_with_dask),
    ("gate/utils.py", "", tree_rules.vague_names),
    ("gate/__init__.py", "", lambda package: tree_rules.unguarded_packages(package, ("gate",))),
]


@pytest.mark.parametrize(("place", "text", "rule"), BREACHES)
def test_a_breach_of_a_tree_rule_is_caught(
    tmp_path: Path, place: str, text: str, rule: Callable[[Path], list[str]]
) -> None:
    broken = tmp_path / place
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_text(text)
    assert rule(tmp_path), f"{place} breaks a rule and nothing said so"


RUFF_BREACHES = [
    ("import time\n\n\ndef f() -> float:\n    return time.monotonic()\n", "TID251"),
    ("import time\n\n\ndef f() -> float:\n    return time.time()\n", "TID251"),
    ("import asyncio\n\n\nasync def f() -> None:\n    await asyncio.sleep(1)\n", "TID251"),
    ("import asyncio\n\nx = asyncio.create_task\n", "TID251"),
    ("import random\n\nx = random.random()\n", "TID251"),
    ("def f() -> None:\n    try:\n        g()\n    except Exception:\n        pass\n", "BLE001"),
    ("def f() -> None:\n    try:\n        g()\n    except:\n        pass\n", "E722"),
    ("print('x')\n", "T201"),
]


@pytest.mark.parametrize(("text", "code"), RUFF_BREACHES)
def test_a_banned_call_or_a_swallowed_error_is_caught(text: str, code: str) -> None:
    place = PACKAGE / "gate" / "breach.py"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--no-cache",
            "--output-format=concise",
            "--stdin-filename",
            str(place),
            "-",
        ],
        input=text,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert code in done.stdout, done.stdout + done.stderr


CONTRACT_BREACHES = [
    ("jobs/breach.py", "import distributed.gate\n", "Imports point down"),
    ("gate/breach.py", "import distributed.manager\n", "Imports point down"),
    ("gate/breach.py", "import distributed.commands\n", "Imports point down"),
    ("ledger/breach.py", "import distributed.transport\n", "Effects do not import each other"),
    ("jobs/breach.py", "import asyncio\n", "Policies are pure"),
    ("jobs/breach.py", "import time\n", "Policies are pure"),
]


@pytest.fixture(scope="module")
def broken_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package that a test may break."""
    root = tmp_path_factory.mktemp("tree")
    shutil.copytree(
        PACKAGE,
        root / "python" / "distributed",
        ignore=shutil.ignore_patterns("*.so", "__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


@pytest.mark.parametrize(("place", "text", "contract"), CONTRACT_BREACHES)
def test_an_import_that_points_up_or_aside_is_caught(
    broken_tree: Path, place: str, text: str, contract: str
) -> None:
    broken = broken_tree / "python" / "distributed" / place
    broken.write_text(text)
    try:
        done = subprocess.run(
            [Path(sys.executable).parent / "lint-imports", "--no-cache"],
            capture_output=True,
            text=True,
            cwd=broken_tree,
            env={**os.environ, "PYTHONPATH": str(broken_tree / "python")},
            check=False,
        )
    finally:
        broken.unlink()
    assert done.returncode != 0
    assert f"{contract} BROKEN" in done.stdout, done.stdout
