"""`shoal event`: application events that reach every member."""

from __future__ import annotations

from pathlib import Path

from distributed.commands.members import sentence
from distributed.commands.output import Output


def send(name: str, payload: str = "", /, *, socket: Path | None = None) -> None:
    """Send an event to every member, at most once each.

    Parameters
    ----------
    name
        What happened; with the payload at most 512 bytes.
    payload
        Whatever the receivers need to know.
    socket
        The control socket of the node to send through.
    """
    from distributed.membership.control import ask, default_path
    from distributed.membership.control_messages import Broadcast

    ask(socket or default_path(), Broadcast(name, payload))


def watch(name: str = "", /, *, json: bool = False, socket: Path | None = None) -> None:
    """Print events as they arrive, until interrupted.

    Parameters
    ----------
    name
        Only events of this name.
    json
        One JSON object a line.
    socket
        The node's control socket.
    """
    from distributed.membership.control import default_path, follow
    from distributed.membership.control_messages import Events

    output = Output(json=json)
    for event in follow(socket or default_path(), Events()):
        if event["kind"] != "userevent" or (name and event["name"] != name):
            continue
        if json:
            output.record(event)
        else:
            output.line(sentence(event))
