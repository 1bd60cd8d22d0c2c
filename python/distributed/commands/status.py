"""`shoal status`, `shoal node drain|log|limits`: asking and telling one node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from distributed.commands.ask import ask
from distributed.commands.output import Output, age, repeat
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.messages.admin import NodeStatus

DEFAULT_NODE = "127.0.0.1:7700"


def status(
    node: str = DEFAULT_NODE,
    *,
    timeout: float = 5.0,
    watch: bool = False,
    every: float = 2.0,
    json: bool = False,
) -> None:
    """One screen about a node: what it is, what it holds, what it knows.

    Parameters
    ----------
    node
        Job address of a gate, manager or worker.
    timeout
        Seconds to wait for its answer.
    watch
        Ask again and again, until interrupted.
    every
        Seconds between two answers.
    json
        One JSON object; under `--watch` one a line.
    """
    from distributed.messages.admin import NodeStatus, ShowStatus

    output = Output(json=json)

    def show() -> None:
        _screen(ask(node, ShowStatus(), NodeStatus, timeout=timeout), output)

    repeat(show, output, every if watch else None)


def _screen(found: NodeStatus, output: Output) -> None:
    if output.json:
        output.record(found)
        return
    up = age(found.uptime_seconds).removesuffix(" ago")
    place = f" of {found.datacenter}" if found.datacenter else ""
    output.line(f"{found.role} {found.name}{place}: {found.state}, up {up}")
    if found.web_address:
        output.line(f"page: http://{found.web_address}/")
    for section, value in found.detail.items():
        _section(section, value, output)


def _section(name: str, value: Any, output: Output) -> None:
    if isinstance(value, dict) and value and all(isinstance(row, dict) for row in value.values()):
        rows = [{name: key, **row} for key, row in value.items()]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        output.table(columns, rows)
    elif isinstance(value, dict):
        output.line(f"{name}: " + (", ".join(f"{k} {v}" for k, v in value.items()) or "none"))
    else:
        output.line(f"{name}: {value}")


def drain(node: str, *, deadline: float = 60.0, stop: bool = False, json: bool = False) -> None:
    """Have a node take no new work and finish what runs.

    Parameters
    ----------
    node
        Job address of a gate, manager or worker.
    deadline
        Seconds after which it stops waiting for what runs.
    stop
        End the node once it is drained.
    json
        One JSON object.
    """
    from distributed.messages.admin import DrainNode, DrainStarted

    started = ask(node, DrainNode(deadline, stop), DrainStarted, timeout=5.0)
    Output(json=json).record({"node": node, "running": started.running})


def log_level(
    node: str,
    level: Literal["debug", "info", "warning", "error"],
    *,
    logger: str = "distributed",
) -> None:
    """Change what a running node writes to its log.

    Parameters
    ----------
    node
        Job address of a gate, manager or worker.
    level
        Lowest level written from now on.
    logger
        The tree of loggers it is for.
    """
    from distributed.messages.admin import SetLogLevel
    from distributed.messages.base import Done

    ask(node, SetLogLevel(logger, level), Done, timeout=5.0)


def limits(node: str, *changes: str, json: bool = False) -> None:
    """Show the limits of a running node that can be changed, and change some.

    They hold until the node ends; write them into its file as well to keep them.

    Parameters
    ----------
    node
        Job address of a gate, manager or worker.
    changes
        `NAME=NUMBER`; several are taken together or not at all.
    json
        One JSON object a line.
    """
    from distributed.messages.admin import Limits, SetLimits

    wanted = dict(map(_limit, changes))
    stand = ask(node, SetLimits(wanted), Limits, timeout=5.0).limits
    rows = [
        {"limit": name, "value": int(value) if value.is_integer() else value}
        for name, value in stand.items()
    ]
    Output(json=json).table(("limit", "value"), rows)


def _limit(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        if not equals:
            raise ValueError(text)
        return name, float(value)
    except ValueError as error:
        raise ConfigError(f"{text!r} must look like NAME=NUMBER", field="changes") from error
