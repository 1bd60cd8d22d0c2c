"""`shoal config`: every setting, its value, and where the value came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed.commands.output import Output
from distributed.commands.settings_tree import Settings
from distributed.settings.printing import rows
from distributed.settings.sources import Loaded, load
from distributed.types import Role

if TYPE_CHECKING:
    from distributed.transport.tls import TlsFiles


def loaded(file: Path | None, flags: dict[str, Any] | None = None) -> Loaded[Settings]:
    """Merge flags over the environment over `file` (or the file `SHOAL_FILE` names).

    Raises:
        ConfigError: as `settings.sources.load`.
    """
    named = os.environ.get("SHOAL_FILE")
    chosen = file or (Path(named) if named else None)
    return load(Settings, flags=flags, environment=os.environ, file=chosen)


def own_tls() -> TlsFiles | None:
    """The certificate that a command shows to nodes, from `SHOAL_TLS_…` or `SHOAL_FILE`.

    Raises:
        ConfigError: as `settings.sources.load`.
    """
    return tls_files(loaded(None).tree, Role.CLIENT, "")


def tls_files(settings: Settings, role: Role, datacenter: str) -> TlsFiles | None:
    """The files that a node of this role shows; None where TLS is off."""
    from distributed.transport.tls import TlsFiles

    tls = settings.tls.of(role.value, datacenter)
    return TlsFiles(tls.certificate, tls.key, tls.authority) if tls.certificate else None


def config(*, file: Path | None = None, json: bool = False, changed: bool = False) -> None:
    """Show every setting with its value and where it came from.

    Parameters
    ----------
    file
        TOML file to read below the environment.
    json
        One JSON object a line.
    changed
        Only settings that differ from their default.
    """
    shown = [
        {"setting": row.path, "value": row.value, "from": row.origin, "variable": row.variable}
        for row in rows(loaded(file))
        if not changed or row.origin != "default"
    ]
    Output(json=json).table(("setting", "value", "from", "variable"), shown)
