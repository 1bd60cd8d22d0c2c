"""Serving the app inside the node's own event loop."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from distributed.errors import ConfigError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from distributed.supervision import Supervisor


class _Server(uvicorn.Server):
    """Leaves signals to the node."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """One listening address for one app."""

    def __init__(self, app: ASGIApp, bind: str, supervisor: Supervisor) -> None:
        self._bind = bind
        self._supervisor = supervisor
        self._server = _Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        )
        self.address = ""

    async def start(self) -> None:
        """Bind and serve.

        Raises:
            ConfigError: the address cannot be bound.
        """
        host, _, port = self._bind.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, int(port)))
        except (OSError, ValueError) as error:
            listening.close()
            raise ConfigError(
                f"cannot serve the status page at {self._bind}: {error}", field="node.web_bind"
            ) from error
        bound = listening.getsockname()
        self.address = f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"
        self._supervisor.spawn("web", lambda: self._server.serve(sockets=[listening]))

    async def stop(self) -> None:
        """Finish open requests shortly, then close."""
        self._server.should_exit = True
        self._server.force_exit = True
