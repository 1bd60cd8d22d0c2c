"""`shoal gate|manager|worker`: run a node until it is told to stop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from distributed.errors import ConfigError
from distributed.types import Role

Many = Parameter(negative="")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class NodeFlags:
    """Flags that every node takes; each stands over its `SHOAL_…` variable and the file.

    Parameters
    ----------
    name
        Unique in the cluster.
    datacenter
        The datacenter it stands in.
    bind
        Address for jobs, `host:port`; port 0 takes a free one.
    member_bind
        Address for membership.
    web_bind
        Address of the status page and `/metrics`; "" switches both off.
    seed
        Membership address to join through; may be given several times.
    profile
        Membership constants.
    log_level
        Lowest level written.
    file
        TOML file with settings.
    tied
        Stop when standard input ends: a node started by another program ends with it.
    """

    name: str | None = None
    datacenter: str | None = None
    bind: str | None = None
    member_bind: str | None = None
    web_bind: str | None = None
    seed: Annotated[tuple[str, ...], Many] = ()
    profile: Literal["lan", "wan", "local"] | None = None
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    file: Path | None = None
    tied: bool = False

    def settings(self) -> dict[str, Any]:
        """These flags by dotted setting, None where not given."""
        return {
            "node.name": self.name,
            "node.datacenter": self.datacenter,
            "node.bind": self.bind,
            "node.member_bind": self.member_bind,
            "node.web_bind": self.web_bind,
            "node.seeds": self.seed or None,
            "membership.profile": self.profile,
            "log.level": self.log_level,
        }


NO_FLAGS = NodeFlags()


def gate(
    flags: NodeFlags = NO_FLAGS,
    *,
    manager: Annotated[tuple[str, ...], Many] = (),
    ledger: str | None = None,
) -> int:
    """Run a gate: clients submit to it, it owns jobs and routes them to datacenters.

    Prints one JSON line once it serves.

    Parameters
    ----------
    manager
        `DATACENTER=HOST:PORT` of a manager; may be given several times.
    ledger
        SQLAlchemy URL of the ledger.
    """
    given = {"ledger.url": ledger, "gate.datacenters": by_datacenter(manager)}
    return _host(Role.GATE, flags, given)


def manager(flags: NodeFlags = NO_FLAGS) -> int:
    """Run a manager: it dispatches workflows to the workers of its datacenter.

    Prints one JSON line once it serves.
    """
    return _host(Role.MANAGER, flags, {})


def worker(
    flags: NodeFlags = NO_FLAGS,
    *,
    manager: Annotated[tuple[str, ...], Many] = (),
    cores: int | None = None,
) -> int:
    """Run a worker: it runs workflows in child processes.

    Prints one JSON line once it serves.

    Parameters
    ----------
    manager
        Address of a manager, besides those that membership shows.
    cores
        Cores it offers; 0 means as many as this process may use.
    """
    return _host(Role.WORKER, flags, {"worker.cores": cores, "worker.managers": manager or None})


def _host(role: Role, flags: NodeFlags, given: dict[str, Any]) -> int:
    from distributed.commands.builders import BUILDERS
    from distributed.commands.config import loaded
    from distributed.commands.hosting import host

    merged = loaded(flags.file, {**flags.settings(), **given})
    return host(role, merged, BUILDERS[role], tied=flags.tied)


def by_datacenter(pairs: tuple[str, ...]) -> dict[str, list[str]] | None:
    """`north=host:port` pairs as datacenter to addresses; None for no pairs.

    Raises:
        ConfigError: a pair is not of that form.
    """
    found: dict[str, list[str]] = {}
    for pair in pairs:
        datacenter, equals, address = pair.partition("=")
        if not equals or not datacenter or not address:
            raise ConfigError(f"{pair!r} is not DATACENTER=HOST:PORT", field="gate.datacenters")
        found.setdefault(datacenter, []).append(address)
    return found or None
