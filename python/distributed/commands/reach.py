"""`shoal reach`: which of UDP and TCP gets through to which member, and which does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from distributed.commands.output import Output

COLUMNS = ("member", "udp", "tcp")


def reach(*names: str, json: bool = False, socket: Path | None = None) -> int:
    """Test the way from a running node to members, by UDP and by TCP apart.

    Exit status 1 where a path to a member fails: failure detection then works on one leg.

    Parameters
    ----------
    names
        Members to test; every living one unless given.
    json
        One JSON object a line.
    socket
        The node's control socket.
    """
    from distributed.membership.control import default_path, follow
    from distributed.membership.control_messages import ReachMembers

    output = Output(json=json)
    found = list(follow(socket or default_path(), ReachMembers(names)))
    output.table(COLUMNS, found if json else map(row, found))
    return 0 if all(complete(result) for result in found) else 1


def complete(result: dict[str, Any]) -> bool:
    """Whether both paths got through."""
    return result["udp_seconds"] is not None and result["tcp_seconds"] is not None


def row(result: dict[str, Any]) -> dict[str, str]:
    """One member's answer as a line of the table."""
    return {
        "member": result["member"],
        "udp": path(result["udp_seconds"], result["udp_error"]),
        "tcp": path(result["tcp_seconds"], result["tcp_error"]),
    }


def path(seconds: float | None, error: str) -> str:
    """One path for people."""
    return error if seconds is None else f"{seconds * 1e3:.2f} ms"
