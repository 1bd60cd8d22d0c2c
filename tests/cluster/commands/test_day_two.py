"""What an operator asks of a running node: a capture, a list that goes on, ids by prefix."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributed.commands.local.cluster import LocalCluster, Shape

from .conftest import SHOAL, shoal

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

SECRET = "a-token-nobody-may-read"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A gate, a manager and a worker whose status pages have a token."""
    runner = asyncio.Runner()
    made = LocalCluster(Shape(workers=1), tmp_path_factory.mktemp("cluster"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOAL_NODE_WEB_TOKEN", SECRET)
        try:
            runner.run(made.start())
            yield made
        finally:
            runner.run(made.stop())
            runner.close()


@pytest.mark.parametrize("role", ["gate", "manager", "worker"])
def test_a_capture_holds_what_helps_and_no_secret(
    cluster: LocalCluster, folder: Path, role: str
) -> None:
    (address,) = cluster.addresses(role)
    shoal("debug", "capture", address, "--file", "out.zip", cwd=folder, check=True)
    with zipfile.ZipFile(folder / "out.zip") as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {"status.json", "members.json", "metrics.txt", "settings.json", "versions.txt"} <= set(
        parts
    )
    assert json.loads(parts["status.json"])["role"] == role
    assert "shoal_membership_members" in parts["metrics.txt"]
    assert "node.web_token" in parts["settings.json"]
    assert parts["versions.txt"].startswith("shoal ")
    for name, text in parts.items():
        assert SECRET not in text, name


WATCHED = [
    (["job", "list", "--gate"], "state"),
    (["status"], "uptime_seconds"),
    (["members", "--node"], "incarnation"),
]


@pytest.mark.parametrize(("verb", "field"), WATCHED, ids=lambda value: str(value))
def test_watching_goes_on_until_interrupted(
    cluster: LocalCluster, folder: Path, verb: list[str], field: str
) -> None:
    (address,) = cluster.addresses("gate")
    if verb[0] == "job":
        job = {"name": "seen", "workflows": [{"name": "w", "command": ["true"]}]}
        (folder / "job.json").write_text(json.dumps(job))
        shoal("run", "job.json", "--gate", address, cwd=folder, check=True)
    with subprocess.Popen(
        [*SHOAL, *verb, address, "--watch", "--every", "0.1", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
    ) as watching:
        assert watching.stdout is not None
        records = [json.loads(watching.stdout.readline()) for _ in range(4)]
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=60)
    assert all(field in record for record in records)
    assert watching.returncode == 130
    assert "Traceback" not in errors


def test_keys_of_a_running_role_are_rotated_on_its_control_socket(folder: Path) -> None:
    first, second = (shoal("keys", "generate", cwd=folder).stdout.strip() for _ in range(2))
    control = ["--socket", str(folder / "control.sock")]
    environment = {
        **os.environ,
        "TMPDIR": str(folder),
        "SHOAL_MEMBERSHIP_KEYS": first,
        "SHOAL_NODE_CONTROL_SOCKET": control[1],
    }
    with subprocess.Popen(
        [*SHOAL, "manager", "--name", "m1", "--tied"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as node:
        assert node.stdout is not None
        assert node.stdout.readline()
        (old,) = held = shoal("keys", "list", *control, cwd=folder, check=True).stdout.splitlines()
        new = shoal("keys", "add", second, *control, cwd=folder, check=True).stdout.strip()
        shoal("keys", "use", new, *control, cwd=folder, check=True)
        shoal("keys", "remove", old.split("\t")[0], *control, cwd=folder, check=True)
        left = shoal("keys", "list", *control, cwd=folder, check=True).stdout.splitlines()
        assert [line.split("\t") for line in left] == [[new, "encrypts"]]
        assert left != held
        assert shoal("members", *control, cwd=folder, check=True).stdout.startswith("m1")
        node.communicate(timeout=60)
    assert not Path(control[1]).exists()


LIMIT_OF = {"gate": "max_open_jobs", "manager": "queue_limit", "worker": "queue_limit"}


@pytest.mark.parametrize("role", LIMIT_OF)
def test_a_limit_is_changed_while_the_node_runs(
    cluster: LocalCluster, folder: Path, role: str
) -> None:
    (address,) = cluster.addresses(role)

    def limits(*changes: str, check: bool = True) -> dict[str, float]:
        done = shoal("node", "limits", address, *changes, "--json", cwd=folder, check=check)
        told = map(json.loads, done.stdout.splitlines())
        return {line["limit"]: line["value"] for line in told}

    before = limits()
    changed = limits(f"{LIMIT_OF[role]}=17")
    assert changed == {**before, LIMIT_OF[role]: 17}
    assert limits(f"{LIMIT_OF[role]}=18", "name=3", check=False) == {}
    assert limits() == changed
    limits(f"{LIMIT_OF[role]}={before[LIMIT_OF[role]]}")


def test_a_gate_without_room_refuses_until_it_is_given_some(
    cluster: LocalCluster, folder: Path
) -> None:
    (gate,) = cluster.addresses("gate")
    job = {"name": "late", "workflows": [{"name": "w", "command": ["true"]}]}
    (folder / "job.json").write_text(json.dumps(job))
    shoal("node", "limits", gate, "max_open_jobs=0", cwd=folder, check=True)
    refused = shoal("run", "job.json", "--gate", gate, "--patience", "0.1", cwd=folder)
    assert refused.returncode != 0
    assert "its limit" in refused.stderr
    shoal("node", "limits", gate, "max_open_jobs=100", cwd=folder, check=True)
    shoal("run", "job.json", "--gate", gate, cwd=folder, check=True)


def test_an_id_is_found_by_a_unique_prefix_and_lists_are_filtered(
    cluster: LocalCluster, folder: Path
) -> None:
    (gate,) = cluster.addresses("gate")
    job = {"name": "by-prefix", "workflows": [{"name": "w", "command": ["false"], "attempts": 1}]}
    (folder / "job.json").write_text(json.dumps(job))
    assert shoal("run", "job.json", "--gate", gate, cwd=folder).returncode == 3
    flags = ("--gate", gate)
    failed = shoal("job", "list", "--state", "failed", *flags, cwd=folder, check=True).stdout
    (line,) = failed.splitlines()
    found, name, state, *_ = line.split("\t")
    assert (name, state) == ("by-prefix", "failed")
    shown = shoal("job", "show", found[:12], *flags, "--json", cwd=folder, check=True).stdout
    assert json.loads(shown)["job_id"] == found
    named = shoal("job", "list", "--name", "by-prefix", *flags, cwd=folder, check=True).stdout
    assert [line.split("\t")[0] for line in named.splitlines()] == [found]


def test_what_a_pipe_gets_is_cut_at_tabs_and_reads_without_python(
    cluster: LocalCluster, folder: Path
) -> None:
    (gate,) = cluster.addresses("gate")
    (worker,) = cluster.addresses("worker")
    job = {"name": "said", "workflows": [{"name": "w", "command": ["echo", "out"]}]}
    (folder / "job.json").write_text(json.dumps(job))
    flags = ("--gate", gate)
    told = shoal("run", "job.json", "--detach", "--json", *flags, cwd=folder, check=True).stdout
    found = json.loads(told)["job"]
    shoal("job", "result", found, "--wait", *flags, cwd=folder, check=True)
    history = shoal("job", "history", found, *flags, cwd=folder, check=True).stdout
    assert [line.split("\t")[0] for line in history.splitlines()][:2] == ["1", "2"]
    assert "state=submitted" in history
    assert "{" not in history
    for line in shoal("job", "logs", found, *flags, cwd=folder).stdout.splitlines():
        assert line.split("\t") == ["w", "stdout", "out"]
    status = shoal("status", worker, "--json", cwd=folder, check=True).stdout
    assert json.loads(status)["detail"]["status"]["cores"] >= 1
    limits = shoal("node", "limits", worker, cwd=folder, check=True).stdout
    assert ".0" not in limits
