"""What a node is given, checked before a socket is opened."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from distributed.errors import ConfigError

from .member import EMPTY_META, Meta, encode_meta
from .resolve import join_host_port, split

Profile = Literal["lan", "wan", "local", "memberlist_lan"]
KEY_BYTES = 32


class NodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `Node.join` takes, with its defaults.

    Attributes:
        name: unique in the cluster, 1 to 255 bytes.
        bind: ``host:port`` for UDP and TCP; port 0 takes a free one.
        seeds: ``host:port``, a DNS name (all A and AAAA records), or ``srv:_name._udp.domain``.
        meta: small metadata that everyone sees, 512 bytes encoded.
        profile: a set of protocol constants; `docs/membership.md` lists them.
        overrides: single constants of the profile by name, seconds where the name says so.
        label: cluster label; what bears another is dropped.
        keys: 32 bytes each, or their base64; the first encrypts, all decrypt.
        encryption: False runs in clear off loopback, where keys are demanded otherwise.
        advertise: ``host:port`` that others reach this node at, where it is not the bound one.
        allow: networks in CIDR notation that may speak to this node; empty for all.
        job_min_seconds: shortest job-layer suspicion, once three others confirmed it.
        job_max_seconds: longest job-layer suspicion, while nobody confirms it.
        join_retry_seconds: how long to keep trying seeds before `JoinError`; 0 tries once.
    """

    name: str
    bind: str = "127.0.0.1:0"
    seeds: Sequence[str] = ()
    meta: Meta = EMPTY_META
    profile: Profile = "lan"
    overrides: Mapping[str, float | int | bool] = {}
    label: str | None = None
    keys: Sequence[str | bytes] | None = None
    encryption: bool = True
    advertise: str | None = None
    allow: Sequence[str] = ()
    job_min_seconds: float = 1.0
    job_max_seconds: float = 10.0
    join_retry_seconds: float = 0.0

    def native(self, towards: str | None) -> dict[str, Any]:
        """The form that the agent takes.

        Raises:
            ConfigError: names the field that cannot be used, and what would mend it.
        """
        keys = decode_keys(self.keys or ())
        host, port = address(self.bind, "bind")
        if not keys and self.encryption and not _is_loopback(host):
            raise ConfigError(
                f"{self.bind} is not loopback, so traffic must be encrypted: give keys "
                "(`shoal keys generate` makes one), or pass encryption=False to run in clear",
                field="keys",
            )
        advertise = None
        if self.advertise:
            advertise = join_host_port(*address(self.advertise, "advertise", default_port=0))
        return {
            "name": self.name,
            "bind": join_host_port(host, port),
            "advertise": advertise,
            "towards": towards,
            "allow": list(self.allow),
            "profile": self.profile,
            "overrides": dict(self.overrides),
            "label": (self.label or "").encode(),
            "keys": keys,
            "meta": encode_meta(self.meta),
            "job_min_seconds": self.job_min_seconds,
            "job_max_seconds": self.job_max_seconds,
        }


def address(text: str, field: str, default_port: int | None = None) -> tuple[str, int]:
    """A literal address and port.

    Raises:
        ConfigError: not a literal IP address, or not a port.
    """
    try:
        host, port = split(text, default_port if default_port is not None else 0)
        host = "127.0.0.1" if host == "localhost" else host
        return str(ipaddress.ip_address(host.partition("%")[0])), port
    except ValueError as error:
        raise ConfigError(
            f"{text!r} must be a literal address and port, such as 10.0.0.1:7946", field=field
        ) from error


def decode_keys(keys: Sequence[str | bytes]) -> list[bytes]:
    """Raw keys out of raw ones or base64.

    Raises:
        ConfigError: a key has not 32 bytes; the key itself is not repeated.
    """
    return [decode_key(key, position) for position, key in enumerate(keys)]


def decode_key(key: str | bytes, position: int = 0) -> bytes:
    """One raw key.

    Raises:
        ConfigError: it has not 32 bytes.
    """
    raw = key if isinstance(key, bytes) else b""
    if isinstance(key, str):
        try:
            raw = base64.b64decode(key, validate=True)
        except binascii.Error as error:
            raise ConfigError(f"key {position} is not base64", field="keys") from error
    if len(raw) != KEY_BYTES:
        raise ConfigError(
            f"key {position} has {len(raw)} bytes, it needs {KEY_BYTES}", field="keys"
        )
    return raw


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback
