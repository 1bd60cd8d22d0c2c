"""`shoal members`, `shoal monitor`, `shoal rtt`: what a running node sees."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from distributed.commands.agent import parse_tags
from distributed.commands.output import Output, repeat
from distributed.errors import ConfigError, ShoalError

COLUMNS = ("name", "address", "state", "role", "dc", "rtt_ms", "incarnation", "tags")
CHANGES = {
    "joined",
    "suspected",
    "refuted",
    "died",
    "left",
    "updated",
    "degraded",
    "recovered",
    "eventslost",
}


class NoEstimate(ShoalError):
    """Coordinates tell nothing about that member yet."""


def members(
    *,
    status: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    role: str = "",
    dc: str = "",
    tag: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    watch: bool = False,
    every: float = 2.0,
    json: bool = False,
    node: str = "",
    socket: Path | None = None,
) -> None:
    """List the members that a running node sees.

    Parameters
    ----------
    status
        Only members that are `alive`, `suspect`, `dead` or `left`; may be given several times.
    role
        Only members of this role.
    dc
        Only members of this datacenter.
    tag
        Only members that carry this `key=value`; may be given several times.
    watch
        Print the list again at every change, until interrupted.
    every
        Seconds between two lists of a node, which does not tell of changes by itself.
    json
        One JSON object a line.
    node
        Job address of a gate, manager or worker to ask, in place of an agent of this machine.
    socket
        The agent's control socket.
    """
    from distributed.membership.control import ask, default_path, follow
    from distributed.membership.control_messages import Events, Members
    from distributed.membership.member import MemberState

    unknown = [one for one in status if one not in set(MemberState)]
    if unknown:
        known = ", ".join(MemberState)
        raise ConfigError(f"{unknown[0]!r} is no state; there are {known}", field="status")
    path = socket or default_path()
    wanted = parse_tags(tag) | ({"role": role} if role else {}) | ({"dc": dc} if dc else {})
    output = Output(json=json)

    def show() -> None:
        seen = seen_by(node) if node else ask(path, Members())
        found = select(seen, set(status), wanted)
        output.table(COLUMNS, found if json else map(row, found))

    if node or not watch:
        repeat(show, output, every if watch else None)
        return
    show()
    for event in follow(path, Events()):
        if event["kind"] in CHANGES:
            output.start_over()
            show()


def seen_by(node: str) -> list[dict[str, Any]]:
    """The members that the gate, manager or worker at this job address sees."""
    import msgspec

    from distributed.commands.ask import ask as ask_node
    from distributed.messages.admin import ListMembers, MemberList

    answer = ask_node(node, ListMembers(), MemberList, timeout=5.0)
    return [{**msgspec.structs.asdict(view), "degraded": False} for view in answer.members]


def select(
    records: Iterable[dict[str, Any]], states: set[str], wanted: dict[str, str]
) -> list[dict[str, Any]]:
    """The members in one of the states that carry every wanted tag."""
    return [
        record
        for record in records
        if (not states or record["state"] in states)
        and all(str(record["meta"].get(key)) == value for key, value in wanted.items())
    ]


def row(record: dict[str, Any]) -> dict[str, Any]:
    """One member as a line of the table."""
    meta = dict(record["meta"])
    rtt = record["rtt_seconds"]
    state = record["state"] + (" (degraded)" if record["degraded"] else "")
    return {
        "name": record["name"],
        "address": record["address"],
        "state": state,
        "role": meta.pop("role", ""),
        "dc": meta.pop("dc", ""),
        "rtt_ms": "" if rtt is None else f"{rtt * 1e3:.2f}",
        "incarnation": record["incarnation"],
        "tags": " ".join(f"{key}={value}" for key, value in sorted(meta.items())),
    }


def monitor(*, json: bool = False, socket: Path | None = None) -> None:
    """Print every event that a running node sees, as it happens, until interrupted.

    Parameters
    ----------
    json
        One JSON object a line.
    socket
        The node's control socket.
    """
    from distributed.membership.control import default_path, follow
    from distributed.membership.control_messages import Events

    output = Output(json=json)
    for event in follow(socket or default_path(), Events()):
        if json:
            output.record(event)
        else:
            output.line(sentence(event))


def sentence(event: dict[str, Any]) -> str:
    """An event in one line for people."""
    if event["kind"] == "userevent":
        return f"event {event['name']} from {event['origin']}: {event['payload']}"
    if event["kind"] == "eventslost":
        return f"{event['count']} events were lost: the reader was behind"
    reason = f": {event['reason']}" if event["reason"] else ""
    job = f" for job {event['job']}" if "job" in event else ""
    return f"{event['member']} ({event['address']}) {event['kind']}{job}{reason}"


def rtt(a: str, b: str = "", /, *, json: bool = False, socket: Path | None = None) -> None:
    """Estimate the round trip between two members from their network coordinates.

    Parameters
    ----------
    a
        A member.
    b
        Another one; the node asked, unless given.
    json
        One JSON object.
    socket
        The node's control socket.
    """
    from distributed.membership.control import ask, default_path
    from distributed.membership.control_messages import RttBetween

    estimate = ask(socket or default_path(), RttBetween(a, b))
    output = Output(json=json)
    if estimate is None:
        who = f"{a} and {b}, are they members" if b else f"{a}, is it a member"
        raise NoEstimate(f"there is no estimate yet for {who}?")
    if json:
        output.record(estimate)
    else:
        seconds, error = estimate["seconds"], estimate["error_seconds"]
        output.line(f"{seconds * 1e3:.3f} ms, give or take {error * 1e3:.3f} ms")
