"""`shoal top`: a node's pages as a live screen in the terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from distributed.commands.output import check_every
from distributed.commands.status import DEFAULT_NODE
from distributed.errors import ConfigError, ShoalError

NEEDS_EXTRA = "the live screen needs the extra: pip install 'shoal[tui]'"


class ExtraMissing(ShoalError):
    """A verb needs a library that is not installed."""


def top(node: str = DEFAULT_NODE, *, web: str = "", every: float = 1.0) -> None:
    """Watch a node: datacenters, deaths, jobs and workers, live.

    Keys: `q` quits, `p` holds the picture still, `/` filters, `enter` opens a job, `z` gives
    the focused table the whole screen, `?` lists them all.

    Parameters
    ----------
    node
        Job address of a gate, manager or worker.
    web
        Address of its status page, where the one that the node tells cannot be reached from
        here; the node is then not asked.
    every
        Seconds between two pictures.
    """
    try:
        from distributed.commands.view.top_app import TopApp
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "textual":
            raise
        raise ExtraMissing(NEEDS_EXTRA) from error
    from distributed.commands.node_pages import value

    check_every(every)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("a live screen needs a terminal; `shoal status --watch` prints lines")
    page = web or _page_of(node)

    async def read(path: str) -> dict[str, Any]:
        return await asyncio.to_thread(value, page, path, 5.0)

    TopApp(page, read, every_seconds=every).run()


def _page_of(node: str) -> str:
    """Where the node says that its status page is.

    Raises:
        ConfigError: it has none.
    """
    from distributed.commands.ask import ask
    from distributed.messages.admin import NodeStatus, ShowStatus

    status = ask(node, ShowStatus(), NodeStatus, timeout=5.0)
    if not status.web_address:
        raise ConfigError(
            f"{status.name} serves no status page (node.web_bind), which is what this shows",
            field="node",
        )
    return status.web_address
