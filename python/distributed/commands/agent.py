"""`shoal agent`: a bare member of a cluster, until it is told to leave."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from distributed.commands.config import loaded
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.commands.settings_tree import Settings
    from distributed.membership import NodeOptions, Profile


def agent(
    *,
    name: str = "",
    bind: str = "",
    seed: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    advertise: str = "",
    profile: str = "",
    label: str = "",
    key_file: Path | None = None,
    encryption: bool | None = None,
    allow: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    tag: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    socket: Path | None = None,
    file: Path | None = None,
) -> int:
    """Run a bare member: it probes and is probed, and carries its tags; SIGTERM leaves.

    Parameters
    ----------
    name
        Unique in the cluster; the host's name unless given.
    bind
        `host:port` for UDP and TCP; port 0 takes a free one.
    seed
        Member to join through, `host:port`, a DNS name, or `srv:_name._udp.domain`; may be
        given several times.
    advertise
        `host:port` that others reach this member at, where it is not the bound one.
    profile
        `lan`, `wan` or `local`.
    label
        Cluster label; what bears another is dropped.
    key_file
        File with base64 keys, one a line; the first encrypts.
    encryption
        `--no-encryption` runs in clear off loopback.
    allow
        Network in CIDR notation that may speak to this member; may be given several times.
    tag
        `key=value` that every member sees; may be given several times.
    socket
        Where `shoal members` and the like find this member.
    file
        TOML file to read below the environment.
    """
    given = _options(
        loaded(file).tree,
        name=name,
        bind=bind,
        seed=seed,
        advertise=advertise,
        profile=profile,
        label=label,
        keys=read_keys(key_file) if key_file else (),
        encryption=encryption,
        allow=allow,
        tag=tag,
    )
    return _run(given, socket)


def _run(options: NodeOptions, socket: Path | None) -> int:
    from uvloop import run

    from distributed.membership.control import default_path

    return run(serve(options, socket or default_path()))


def _options(
    settings: Settings,
    *,
    name: str,
    bind: str,
    seed: tuple[str, ...],
    advertise: str,
    profile: str,
    label: str,
    keys: tuple[str, ...],
    encryption: bool | None,
    allow: tuple[str, ...],
    tag: tuple[str, ...],
) -> NodeOptions:
    """Flags over settings."""
    from distributed.membership import NodeOptions

    membership = settings.membership
    return NodeOptions(
        name=name or settings.node.name or _host_name(),
        bind=bind or settings.node.member_bind or "127.0.0.1:7946",
        seeds=seed or settings.node.seeds,
        meta=parse_tags(tag),
        profile=cast("Profile", profile or membership.profile),
        label=label or membership.label,
        keys=keys or membership.keys,
        encryption=membership.encryption if encryption is None else encryption,
        advertise=advertise or settings.node.member_advertise or None,
        allow=allow or membership.allow,
    )


async def serve(options: NodeOptions, path: Path) -> int:
    """Run the member until it is told to leave, by signal or on its control socket.

    Raises:
        ConfigError: the socket cannot be made there.
        ShoalError: the member could not start.
    """
    import msgspec

    from distributed.membership import Node
    from distributed.membership.control import ControlServer

    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with Node.join(**msgspec.structs.asdict(options)) as node:
        try:
            control = await ControlServer(node, path, on_leave=told.set).start()
        except OSError as error:
            raise ConfigError(f"cannot listen at {path}: {error}", field="socket") from error
        try:
            print(f"{node.name} at {node.address}, control socket {path}", flush=True)  # noqa: T201
            await told.wait()
        finally:
            await control.stop()
    return 0


def parse_tags(tags: tuple[str, ...]) -> dict[str, str]:
    """Metadata out of `key=value` texts.

    Raises:
        ConfigError: a text has no `=`.
    """
    parsed = {}
    for text in tags:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise ConfigError(f"{text!r} must look like key=value", field="tag")
        parsed[key] = value
    return parsed


def read_keys(file: Path) -> tuple[str, ...]:
    """The base64 keys of a file, one a line.

    Raises:
        ConfigError: the file cannot be read or holds none.
    """
    try:
        keys = tuple(line.strip() for line in file.read_text().splitlines() if line.strip())
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", field="key_file") from error
    if not keys:
        raise ConfigError(f"{file} holds no key", field="key_file")
    return keys


def _host_name() -> str:
    import platform

    return platform.node() or "agent"
