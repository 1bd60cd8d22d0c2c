"""Runs the tests of the Ray executor in an environment of their own, made here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDS = ("ray>=2.40", "msgspec", "pytest", "pytest-asyncio", "pytest-timeout")

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        "SHOAL_TEST_RAY" not in os.environ,
        reason="set SHOAL_TEST_RAY=1: it installs Ray (200 MB) into an environment of its own",
    ),
]


def test_the_ray_executor_works_against_a_real_ray(tmp_path: Path) -> None:
    python = tmp_path / "ray" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "ray")], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", *NEEDS], check=True)
    done = subprocess.run(
        [
            str(python),
            "-m",
            "pytest",
            "tests/cluster/ray",
            "-q",
            "--noconftest",
            "-o",
            "addopts=",
            "-o",
            "filterwarnings=default",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
