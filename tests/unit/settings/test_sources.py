"""Settings merge in one order, and every refusal names the setting and its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributed.commands.settings_tree import Settings
from distributed.errors import ConfigError
from distributed.settings.printing import HIDDEN, rows
from distributed.settings.sources import load, settings_of


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "shoal.toml"
    path.write_text(text)
    return path


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, '[node]\nname = "file"\ndatacenter = "file"\nbind = "file:1"\n')
    environment = {"SHOAL_NODE_NAME": "environment", "SHOAL_NODE_DATACENTER": "environment"}
    loaded = load(Settings, flags={"node.name": "flag"}, environment=environment, file=file)
    node = loaded.tree.node
    assert (node.name, node.datacenter, node.bind) == ("flag", "environment", "file:1")
    assert loaded.origins["node.name"] == "flag"
    assert loaded.origins["node.datacenter"] == "environment SHOAL_NODE_DATACENTER"
    assert loaded.origins["node.bind"] == f"file {file}"
    assert loaded.origins["node.web_bind"] == "default"


def test_a_flag_that_was_not_given_changes_nothing() -> None:
    loaded = load(Settings, flags={"node.name": None})
    assert loaded.origins["node.name"] == "default"


def test_numbers_and_lists_come_out_of_variables() -> None:
    environment = {"SHOAL_NODE_STOP_GRACE_SECONDS": "2.5", "SHOAL_NODE_SEEDS": "a:1, b:2"}
    node = load(Settings, environment=environment).tree.node
    assert node.stop_grace_seconds == 2.5
    assert node.seeds == ("a:1", "b:2")


def test_a_list_of_secrets_is_read_from_a_variable_as_any_list() -> None:
    tree = load(Settings, environment={"SHOAL_MEMBERSHIP_KEYS": "abc=, def="}).tree
    assert tree.membership.keys == ("abc=", "def=")


@pytest.mark.parametrize(
    ("environment", "field", "said"),
    [
        ({"SHOAL_LOG_LEVEL": "loud"}, "log.level", "expected one of debug, info"),
        ({"SHOAL_NODE_STOP_GRACE_SECONDS": "soon"}, "node.stop_grace_seconds", "environment"),
        ({"SHOAL_NODE_SEEDS": "[1,"}, "node.seeds", "starts like JSON"),
    ],
)
def test_a_bad_value_names_the_setting_and_its_source(
    environment: dict[str, str], field: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load(Settings, environment=environment)
    assert caught.value.field == field


def test_a_worker_must_remember_for_longer_than_a_manager_is_trusted() -> None:
    environment = {"SHOAL_MANAGER_AUTHORITY_SECONDS": "600"}
    with pytest.raises(ConfigError, match=r"worker\.record_idle_seconds \(600\) must be longer"):
        load(Settings, environment=environment)
    load(Settings, environment=environment | {"SHOAL_WORKER_RECORD_IDLE_SECONDS": "601"})


def test_an_unknown_name_in_a_file_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"did you mean node\.datacenter") as caught:
        load(Settings, file=write(tmp_path, '[node]\ndatacentre = "x"\n'))
    assert caught.value.field == "node.datacentre"


def test_a_file_that_is_not_there_or_not_toml_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load(Settings, file=tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(Settings, file=write(tmp_path, "= ="))


def test_secrets_are_never_shown() -> None:
    loaded = load(Settings, flags={"ledger.url": "postgresql+asyncpg://me:pw@db/x"})
    shown = {row.path: row.value for row in rows(loaded)}
    assert shown["ledger.url"] == HIDDEN
    assert "pw" not in repr(shown)


def test_every_setting_has_a_default_and_its_own_variable() -> None:
    settings = list(settings_of(Settings))
    assert len({setting.variable for setting in settings}) == len(settings)
    load(Settings)
