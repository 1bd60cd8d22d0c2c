"""The sections every node shares, each field with its unit and default.

Each role keeps its own section beside its code; the command line puts them together.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Secret = Annotated[str, msgspec.Meta(extra={"secret": True})]
"""A text that is never printed."""


class NodeSection(msgspec.Struct, frozen=True, kw_only=True):
    """Who this node is and where it listens.

    Attributes:
        name: unique in the cluster; "" makes one from the role, host and a random part.
        datacenter: the datacenter it stands in; gates have one too, for the map.
        bind: address for jobs over TCP, `host:port`; port 0 takes a free one.
        advertise: address others reach it at; "" means the bound one.
        member_bind: address for membership over UDP and TCP; "" takes the bound host, port 0.
        member_advertise: membership address others reach it at; "" means the bound one.
        web_bind: address of the status page and `/metrics`; "" switches both off.
        web_token: whoever has it may cancel and drain from the page; "" lets nobody.
        seeds: membership addresses to join through.
        control_socket: Unix socket at which `shoal members`, `monitor`, `keys` and the like
            find this node's membership (`--socket`); "" makes none.
        stop_grace_seconds: how long a graceful stop may take before it is cut short.
    """

    name: str = ""
    datacenter: str = "dc1"
    bind: str = "127.0.0.1:0"
    advertise: str = ""
    member_bind: str = ""
    member_advertise: str = ""
    web_bind: str = "127.0.0.1:0"
    web_token: Secret = ""
    seeds: tuple[str, ...] = ()
    control_socket: str = ""
    stop_grace_seconds: float = 10.0


class MembershipSection(msgspec.Struct, frozen=True, kw_only=True):
    """How failure detection behaves.

    Attributes:
        profile: `lan`, `wan` or `local`: a whole set of protocol constants.
        label: cluster label; datagrams of another label are dropped.
        keys: encryption keys, base64 of 32 bytes, the first one encrypts.
        encryption: refuse to run without keys off loopback.
        allow: networks that members may come from, CIDR; empty allows all.
    """

    profile: Literal["lan", "wan", "local"] = "lan"
    label: str = ""
    keys: Annotated[tuple[str, ...], msgspec.Meta(extra={"secret": True})] = ()
    encryption: bool = True
    allow: tuple[str, ...] = ()


AUTHORITY = "authority.pem"
PEM_SUFFIX, KEY_SUFFIX = ".pem", ".key"


def file_stem(role: str, datacenter: str) -> str:
    """What the files of a claim are called in the folder of certificates."""
    return f"{role}-{datacenter}" if datacenter else f"{role}"


class TlsSection(msgspec.Struct, frozen=True, kw_only=True):
    """Mutual TLS for the job plane; off while neither `folder` nor `certificate` is given.

    Attributes:
        folder: where `shoal tls` put certificates: this node takes `ROLE-DATACENTER.pem` and
            `.key` and `authority.pem` there, unless the settings below name others.
        certificate: PEM file of this node's chain.
        key: PEM file of its private key.
        authority: PEM file of the authority that signs peers.
    """

    folder: str = ""
    certificate: str = ""
    key: str = ""
    authority: str = ""

    def of(self, role: str, datacenter: str) -> TlsSection:
        """The same with every file named, for a node of this role and datacenter."""
        if not self.folder:
            return self
        stem = f"{self.folder}/{file_stem(role, datacenter)}"
        return TlsSection(
            certificate=self.certificate or f"{stem}{PEM_SUFFIX}",
            key=self.key or f"{stem}{KEY_SUFFIX}",
            authority=self.authority or f"{self.folder}/{AUTHORITY}",
        )


class LogSection(msgspec.Struct, frozen=True, kw_only=True):
    """What a node writes about itself, to standard error.

    Attributes:
        level: lowest level written.
        format: `text` for people, `json` for collectors, `auto` by whether it is a terminal.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"


class TraceSection(msgspec.Struct, frozen=True, kw_only=True):
    """Following jobs through processes; off while `endpoint` is "". Needs the extra `otel`.

    Attributes:
        endpoint: where spans go by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`.
        sampled: share of the traces that begin at this node which are exported, 0 to 1; one
            that a client began follows the client's choice.
    """

    endpoint: str = ""
    sampled: float = 1.0


class LedgerSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where accepted jobs and their results live.

    Attributes:
        url: SQLAlchemy URL: `sqlite+aiosqlite:///PATH` (`:memory:` forgets on exit) or
            `postgresql+asyncpg://…`; gates on several machines need PostgreSQL.
    """

    url: Secret = "sqlite+aiosqlite:///shoal.db"
