"""What cannot run is refused with the field and the reason, status 2, and nothing stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributed.commands.local.cluster import LocalCluster, Shape

from .conftest import shoal

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

GOOD = {"name": "w", "run": "distributed.commands.demo.work:combine"}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gate of a small running cluster."""
    runner = asyncio.Runner()
    cluster = LocalCluster(
        Shape(datacenters=("north",), workers=1, cores=2), tmp_path_factory.mktemp("cluster")
    )
    try:
        runner.run(cluster.start())
        (address,) = cluster.addresses("gate")
        yield address
    finally:
        runner.run(cluster.stop())
        runner.close()


def job(**changes: object) -> str:
    return json.dumps({"name": "j", "workflows": [GOOD], **changes})


def workflow(**changes: object) -> str:
    return job(workflows=[{**GOOD, **changes}])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no job"),
        (job(workflows=[]), "workflows: "),
        (job(nmae="x"), "nmae: "),
        (workflow(cores="many"), "workflows[0].cores: "),
        (workflow(run="no.such.module:f"), "workflows[0].run: cannot import no"),
        (workflow(run="distributed.commands.demo.work:nope"), "has no function nope"),
        (workflow(after=["w"]), "workflows[0].after"),
        (workflow(after=["ghost"]), "ghost"),
        (workflow(cores=99), "workflows[0].cores: "),
        (job(placement={"datacenters": ["mars"]}), "there is no datacenter 'mars'"),
        (
            job(workflows=[{**GOOD, "after": ["x"]}, {**GOOD, "name": "x", "after": ["w"]}]),
            "cycle",
        ),
    ],
    ids=[
        "no-json",
        "a-list",
        "empty",
        "unknown-field",
        "wrong-type",
        "no-module",
        "no-function",
        "itself",
        "unknown-dependency",
        "too-many-cores",
        "no-datacenter",
        "cycle",
    ],
)
def test_a_bad_job_is_refused_with_its_field_and_nothing_is_stored(
    gate: str, folder: Path, text: str, said: str
) -> None:
    file = folder / "job.json"
    file.write_text(text)
    done = shoal("run", str(file), "--gate", gate, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    listed = shoal("job", "list", "--gate", gate, "--json", cwd=folder, check=True)
    assert listed.stdout == ""


def test_a_missing_file_is_a_sentence(gate: str, folder: Path) -> None:
    done = shoal("run", "nowhere.toml", "--gate", gate, cwd=folder)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "cannot read nowhere.toml" in done.stderr


def test_an_unknown_job_is_a_sentence(gate: str, folder: Path) -> None:
    done = shoal("job", "show", "j-none", "--gate", gate, cwd=folder)
    assert done.returncode == 1
    assert "j-none" in done.stderr
    assert "shoal job list" in done.stderr


def test_a_gate_lists_its_members(gate: str, folder: Path) -> None:
    done = shoal("members", "--node", gate, "--json", cwd=folder, check=True)
    (member,) = map(json.loads, done.stdout.splitlines())
    assert (member["name"], member["state"]) == ("gate-1", "alive")


def test_a_port_in_use_is_a_sentence(gate: str, folder: Path) -> None:
    done = shoal("manager", "--bind", gate, cwd=folder)
    assert done.returncode == 2
    assert f"{gate} is in use by another process" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_gate_is_a_sentence(folder: Path) -> None:
    done = shoal("job", "list", "--gate", "127.0.0.1:1", "--patience", "1", cwd=folder)
    assert done.returncode == 1
    assert "nothing listens at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
