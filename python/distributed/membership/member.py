"""Values that describe a member: what membership knows of a node at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from distributed.errors import ConfigError

MetaValue = str | int | float | bool | None
Meta = Mapping[str, MetaValue]

META_MAX_BYTES = 512
EMPTY_META: Meta = MappingProxyType({})

_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(dict[str, MetaValue])


class MemberState(StrEnum):
    """What the cluster believes about a member (SWIM, section 4.2)."""

    ALIVE = "alive"
    SUSPECT = "suspect"
    DEAD = "dead"
    LEFT = "left"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member as this node sees it.

    A value, not a live view: ask the membership again for a newer one. ``instance`` tells two
    lives of one name apart, ``incarnation`` orders what is said about one life.
    """

    name: str
    address: str
    instance: int
    incarnation: int = 0
    state: MemberState = MemberState.ALIVE
    meta: Meta = EMPTY_META
    degraded: bool = False

    @property
    def is_alive(self) -> bool:
        """Neither dead nor gone; a suspect still counts as alive (SWIM, section 4.2)."""
        return self.state in (MemberState.ALIVE, MemberState.SUSPECT)

    @property
    def role(self) -> str | None:
        """The ``role`` entry of the metadata, where there is one."""
        value = self.meta.get("role")
        return value if isinstance(value, str) else None

    @property
    def datacenter(self) -> str | None:
        """The ``dc`` entry of the metadata, where there is one."""
        value = self.meta.get("dc")
        return value if isinstance(value, str) else None


class Rtt(msgspec.Struct, frozen=True):
    """A round-trip time estimated from network coordinates, with its error bound, in seconds."""

    seconds: float
    error_seconds: float


def encode_meta(meta: Meta) -> bytes:
    """The metadata as it travels: a msgpack map, keys in order.

    Raises:
        ConfigError: the encoding exceeds ``META_MAX_BYTES``.
        TypeError: a key is not a string, or a value is not str, int, float, bool or None.
    """
    for key, value in meta.items():
        if not isinstance(key, str) or not isinstance(value, MetaValue):
            raise TypeError(f"metadata entry {key!r}: {value!r} must map a str to a plain value")
    encoded = _encoder.encode(dict(meta))
    if len(encoded) > META_MAX_BYTES:
        raise ConfigError(
            f"takes {len(encoded)} bytes, the limit is {META_MAX_BYTES}", field="meta"
        )
    return encoded


def decode_meta(encoded: bytes) -> Meta:
    """The metadata that another member sent; empty where it is not ours to read."""
    if not encoded:
        return EMPTY_META
    try:
        return MappingProxyType(_decoder.decode(encoded))
    except msgspec.MsgspecError:
        return EMPTY_META
