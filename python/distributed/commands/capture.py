"""`shoal debug capture`: what a node can say about itself, in one file for whoever helps."""

from __future__ import annotations

import platform
import re
import sys
import zipfile
from pathlib import Path

from distributed.commands.ask import ask
from distributed.commands.node_pages import fetched
from distributed.commands.output import Output, writing
from distributed.commands.status import DEFAULT_NODE
from distributed.commands.version import version_text
from distributed.web.plain import plain

PAGES = {
    "metrics.txt": "/metrics",
    "settings.json": "/settings.json",
    "native.json": "/native.json",
    "workers.json": "/workers.json",
    "overview.json": "/overview.json",
}
"""Files of the capture, and where the node's status page has each; a role lacks some."""

LIBRARIES = ("cyclopts", "msgspec", "prometheus_client", "sqlalchemy", "starlette", "uvloop")


def capture(
    node: str = DEFAULT_NODE,
    *,
    web: str = "",
    file: Path | None = None,
    timeout: float = 5.0,
    json: bool = False,
) -> None:
    """Write a zip with a node's settings, status, members and metrics, and with versions.

    Settings that are secret are hidden by the node. What could not be had is listed in
    `missing.txt` in the file, with the reason.

    Parameters
    ----------
    node
        Job address of a gate, manager or worker.
    web
        Address of its status page, where the one that the node tells cannot be reached from
        here; without a page the file holds status, members and versions.
    file
        Where to write; `shoal-NAME.zip` unless given.
    timeout
        Seconds to wait for each answer.
    json
        One JSON object about the file.
    """
    from distributed.messages.admin import ListMembers, MemberList, NodeStatus, ShowStatus

    status = ask(node, ShowStatus(), NodeStatus, timeout=timeout)
    members = ask(node, ListMembers(), MemberList, timeout=timeout).members
    parts = {
        "status.json": _encoded(status),
        "members.json": _encoded(members),
        "versions.txt": versions().encode(),
    }
    missing: dict[str, str] = {}
    page = web or status.web_address
    for name, path in PAGES.items():
        try:
            parts[name] = fetched(page, path, timeout)
        except OSError as error:
            missing[name] = f"{path} of {page or 'the status page'}: {error}"
    if missing:
        lines = [f"{name}: {reason}" for name, reason in missing.items()]
        parts["missing.txt"] = ("\n".join(lines) + "\n").encode()
    # The name is what the other side says of itself: it may not choose a folder.
    target = file or Path(f"shoal-{re.sub(r'[^A-Za-z0-9_.-]', '_', status.name)}.zip")
    with writing(), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    Output(json=json).record(
        {"file": str(target), "holds": ", ".join(parts), "missing": ", ".join(missing)}
    )


def versions() -> str:
    """Versions on this side: a capture is often made where the node runs."""
    from importlib import metadata

    lines = [version_text(), f"Python {sys.version}", platform.platform()]
    for library in LIBRARIES:
        try:
            lines.append(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{library} is not installed")
    return "\n".join(lines) + "\n"


def _encoded(value: object) -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(plain(value)))
