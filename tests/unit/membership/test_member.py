"""Members and their metadata as values."""

import pytest

from distributed.errors import ConfigError
from distributed.membership import Died, Member, MemberState
from distributed.membership.member import META_MAX_BYTES, decode_meta, encode_meta


def test_metadata_survives_the_journey() -> None:
    meta = {"role": "api", "cores": 8, "load": 0.5, "draining": False, "zone": None}
    assert decode_meta(encode_meta(meta)) == meta


def test_equal_metadata_has_one_encoding_whatever_the_order() -> None:
    assert encode_meta({"a": 1, "b": 2}) == encode_meta({"b": 2, "a": 1})


def test_metadata_over_the_limit_is_refused_with_both_sizes() -> None:
    with pytest.raises(ConfigError, match=f"meta: takes 60. bytes, the limit is {META_MAX_BYTES}"):
        encode_meta({"blob": "x" * 600})


@pytest.mark.parametrize("value", [["list"], {"a": 1}, b"bytes", object()])
def test_metadata_that_is_no_plain_value_is_refused_by_key(value: object) -> None:
    with pytest.raises(TypeError, match="'bad'"):
        encode_meta({"bad": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("encoded", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\x01\x02"])
def test_metadata_of_others_that_cannot_be_read_counts_as_empty(encoded: bytes) -> None:
    assert decode_meta(encoded) == {}


@pytest.mark.parametrize(
    ("state", "alive"),
    [
        (MemberState.ALIVE, True),
        (MemberState.SUSPECT, True),
        (MemberState.DEAD, False),
        (MemberState.LEFT, False),
    ],
)
def test_a_suspect_counts_as_alive_until_its_time_is_up(state: MemberState, alive: bool) -> None:
    member = Member(name="a", address="127.0.0.1:1", instance=1, state=state)
    assert member.is_alive is alive


def test_role_and_datacenter_come_from_the_metadata() -> None:
    member = Member(
        name="a", address="127.0.0.1:1", instance=1, meta={"role": "worker", "dc": "eu", "n": 1}
    )
    assert (member.role, member.datacenter) == ("worker", "eu")
    bare = Member(name="b", address="127.0.0.1:2", instance=1, meta={"role": 7})
    assert (bare.role, bare.datacenter) == (None, None)


def test_events_match_by_class_and_position() -> None:
    member = Member(name="a", address="127.0.0.1:1", instance=1)
    match Died(member, "silent"):
        case Died(Member(name=name), reason):
            assert (name, reason) == ("a", "silent")
        case _:
            pytest.fail("an event must match its own class")
    assert Died(member).kind == "died"


def test_events_cannot_be_changed() -> None:
    event = Died(Member(name="a", address="127.0.0.1:1", instance=1))
    with pytest.raises(AttributeError):
        event.reason = "other"  # type: ignore[misc]
