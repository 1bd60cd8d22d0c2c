"""Arguments of a node are checked before a socket is opened, and errors say what to do."""

import base64
from typing import Any

import pytest

from distributed.errors import ConfigError
from distributed.membership import NodeOptions
from distributed.membership.options import decode_keys

KEY = bytes(range(32))


def refused(**arguments: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        NodeOptions(name="a", **arguments).native(None)
    return caught.value


def test_loopback_needs_no_keys() -> None:
    assert NodeOptions(name="a").native(None)["keys"] == []
    assert NodeOptions(name="a", bind="[::1]:0").native(None)["bind"] == "[::1]:0"


@pytest.mark.parametrize("bind", ["0.0.0.0:7946", "10.0.0.1:7946", "[::]:7946"])
def test_off_loopback_keys_are_demanded_and_the_error_names_both_ways_out(bind: str) -> None:
    error = refused(bind=bind)
    assert error.field == "keys"
    assert "shoal keys generate" in error.reason
    assert "encryption=False" in error.reason


def test_off_loopback_runs_with_keys_or_in_clear_where_told_to() -> None:
    assert NodeOptions(name="a", bind="0.0.0.0:1", keys=[KEY]).native(None)["keys"] == [KEY]
    assert NodeOptions(name="a", bind="0.0.0.0:1", encryption=False).native(None)["keys"] == []


def test_keys_are_raw_or_base64() -> None:
    assert decode_keys([KEY, base64.b64encode(KEY).decode()]) == [KEY, KEY]


@pytest.mark.parametrize("key", ["%%%", base64.b64encode(b"short").decode(), b"short"])
def test_a_bad_key_is_named_by_position_and_never_repeated(key: str | bytes) -> None:
    error = refused(keys=[KEY, key])
    assert "key 1" in str(error)
    assert (key if isinstance(key, str) else key.decode()) not in str(error)


@pytest.mark.parametrize(
    ("field", "value"),
    [("bind", "somewhere:1"), ("bind", "127.0.0.1:x"), ("advertise", "host.example:1")],
)
def test_an_address_that_is_not_literal_is_refused_by_field(field: str, value: str) -> None:
    assert refused(**{field: value}).field == field


def test_metadata_that_is_too_long_never_reaches_the_agent() -> None:
    with pytest.raises(ValueError, match="limit is 512"):
        NodeOptions(name="a", meta={"x": "y" * 600}).native(None)
