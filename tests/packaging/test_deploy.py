"""The sample units and configurations are ones that the nodes would take."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from distributed.commands.settings_tree import Settings
from distributed.settings.sources import load

DEPLOY = Path(__file__).parents[2] / "deploy"
ROLES = ("gate", "manager", "worker")
MACHINES = ("machine-1", "machine-2", "machine-3")


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("role", ROLES)
def test_a_sample_configuration_loads_and_names_real_peers(machine: str, role: str) -> None:
    tree = load(Settings, file=DEPLOY / "three-machines" / machine / f"{role}.toml").tree
    assert tree.node.name == f"{role}-{machine[-1]}"
    assert tree.node.member_bind not in tree.node.seeds
    members = "gate" if role == "gate" else "manager"
    known = {
        load(
            Settings, file=DEPLOY / "three-machines" / other / f"{members}.toml"
        ).tree.node.member_bind
        for other in MACHINES
    }
    assert set(tree.node.seeds) <= known
    assert tree.tls.certificate.startswith("/etc/shoal/")
    if role == "gate":
        managers = {
            load(Settings, file=DEPLOY / "three-machines" / other / "manager.toml").tree.node.bind
            for other in MACHINES
        }
        assert set(tree.gate.datacenters["main"]) == managers


@pytest.mark.parametrize("role", ROLES)
def test_a_unit_runs_its_role_and_waits_longer_than_the_node_drains(role: str) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.read(DEPLOY / "systemd" / f"shoal-{role}.service")
    service = unit["Service"]
    assert service["ExecStart"].endswith(f"shoal {role} --file /etc/shoal/{role}.toml")
    sample = load(Settings, file=DEPLOY / "three-machines" / "machine-1" / f"{role}.toml").tree
    assert float(service["TimeoutStopSec"]) > sample.node.stop_grace_seconds
    assert service["KillMode"] == "mixed"
