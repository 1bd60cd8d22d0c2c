"""The demonstration ends with the true result, and leaves nothing but its report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from .conftest import SHOAL, nodes_below, shoal

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def test_a_job_survives_a_killed_worker_and_nothing_is_left(folder: Path) -> None:
    done = shoal("demo", "--pace", "0.5", cwd=folder)
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "shoal-demo-report.json").read_text())
    assert report["state"] == "completed"
    assert os.listdir(folder) == ["shoal-demo-report.json"]
    assert nodes_below(folder) == []
    victim = report["killed"]["worker"]
    again = {entry["workflow"]: entry for entry in report["workflows"]}
    for name in report["killed"]["ran"]:
        assert again[name]["worker"] != victim
        assert again[name]["attempt"] == 2
    story = " | ".join(line["text"] for line in report["story"])
    assert f"lost with worker {victim}" in story
    assert "runs again on" in story
    summary = again["summary"]["value"]
    assert summary["words"] == 763
    assert summary["pages"] == 600
    assert "completed" in done.stdout
    drained = report["drained"]
    assert drained["state"] == "completed"
    assert drained["ran_in"] == ["north"]
    (decision,) = drained["decisions"]
    lost = {row["name"]: row["reason"] for row in decision["candidates"] if row["name"] == "south"}
    assert "draining" in lost["south"]


def interrupted(folder: Path, number: signal.Signals) -> tuple[int, str, str]:
    """Start the demonstration, and send it a signal once its job runs."""
    with subprocess.Popen(
        [*SHOAL, "demo"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "dispatched" in line:
                break
        assert len(nodes_below(folder)) > 10
        demo.send_signal(number)
        rest, errors = demo.communicate(timeout=60)
    return demo.returncode, rest, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_as_cleanly(folder: Path, number: signal.Signals) -> None:
    status, rest, errors = interrupted(folder, number)
    assert status == 130, errors
    assert "nothing is left behind" in rest
    assert "Traceback" not in errors
    assert os.listdir(folder) == []
    assert nodes_below(folder) == []


def test_no_node_outlives_a_demonstration_that_was_killed(folder: Path) -> None:
    interrupted(folder, signal.SIGKILL)
    _, alive = psutil.wait_procs(nodes_below(folder), timeout=30)
    assert alive == []
