"""`shoal keys`: the encryption keys of a running node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from distributed.commands.output import Output


def _ask(socket: Path | None, question: Any) -> Any:
    from distributed.membership.control import ask, default_path

    return ask(socket or default_path(), question)


def generate() -> None:
    """Print a new key; every node of a cluster gets the same."""
    import base64
    import secrets

    Output().line(base64.b64encode(secrets.token_bytes(32)).decode())


def list_keys(*, json: bool = False, socket: Path | None = None) -> None:
    """List the fingerprints of the keys that a node holds, the one in use first.

    Parameters
    ----------
    json
        One JSON object a line.
    socket
        The node's control socket.
    """
    from distributed.membership.control_messages import Keys

    held = _ask(socket, Keys())
    rows = [{"key": key, "use": "" if place else "encrypts"} for place, key in enumerate(held)]
    Output(json=json).table(("key", "use"), rows)


def add(key: str, /, *, socket: Path | None = None) -> None:
    """Hold one more key for decryption: the first step, on every node.

    Parameters
    ----------
    key
        Base64 of 32 bytes; `-` reads it from standard input, which keeps it out of the shell's
        history.
    socket
        The node's control socket.
    """
    import sys

    from distributed.membership.control_messages import AddKey

    given = sys.stdin.readline().strip() if key == "-" else key
    Output().line(_ask(socket, AddKey(given)))


def use(key: str, /, *, socket: Path | None = None) -> None:
    """Encrypt with a held key: the second step, once every node holds it.

    Parameters
    ----------
    key
        Its fingerprint, as `shoal keys list` shows it.
    socket
        The node's control socket.
    """
    from distributed.membership.control_messages import UseKey

    _ask(socket, UseKey(key))


def remove(key: str, /, *, socket: Path | None = None) -> None:
    """Forget a key: the last step, once no node encrypts with it.

    Parameters
    ----------
    key
        Its fingerprint, as `shoal keys list` shows it.
    socket
        The node's control socket.
    """
    from distributed.membership.control_messages import RemoveKey

    _ask(socket, RemoveKey(key))
