"""`shoal tls`: certificates for nodes and clients, without a public-key infrastructure at hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from distributed.commands.output import Output
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.commands.certificates import Written

COLUMNS = ("claim", "certificate", "key", "expires")
DEFAULT_FOLDER = Path("tls")


def init(folder: Path = DEFAULT_FOLDER, *, days: int = 3650, json: bool = False) -> None:
    """Make an authority of the cluster's own; whoever has its key can make any node.

    Parameters
    ----------
    folder
        Where `authority.pem`, which every node gets, and `authority.key`, which stays here,
        are written. What exists is never replaced.
    days
        How long it is valid.
    json
        One JSON object.
    """
    from distributed.commands.certificates import make_authority

    _tell([make_authority(folder, days=days)], json)


def issue(
    *claims: str,
    folder: Path = DEFAULT_FOLDER,
    name: str = "",
    days: int = 365,
    json: bool = False,
) -> None:
    """Sign a certificate for each claim, such as `gate/north`; `client/` is for clients.

    A node whose role and datacenter differ from its certificate's is refused by its peers.

    Parameters
    ----------
    claims
        `ROLE/DATACENTER`; several may be given.
    folder
        Where the authority is and the files go: `ROLE-DATACENTER.pem` and `.key`. A node takes
        them from there with `tls.folder`.
    name
        Whose it is: the files are called so. With one claim.
    days
        How long each is valid.
    json
        One JSON object a line.
    """
    from distributed.commands.certificates import issue as sign

    if not claims:
        raise ConfigError("say for whom, for example `gate/north` or `client/`", field="claims")
    if name and len(claims) > 1:
        raise ConfigError("one name is for one claim", field="name")
    _tell([sign(folder, claim, name=name, days=days) for claim in claims], json)


def show(*files: Path, json: bool = False) -> None:
    """What certificates claim, and until when they are valid.

    Parameters
    ----------
    files
        PEM files.
    json
        One JSON object a line.
    """
    from distributed.commands.certificates import describe

    _tell(map(describe, files), json)


def _tell(written: Iterable[Written], json: bool) -> None:
    from distributed.web.plain import plain

    Output(json=json).table(COLUMNS, map(plain, written))
