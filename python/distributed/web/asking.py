"""Asking the node what a client would ask it, within the process."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import msgspec

from distributed.errors import ConnectError, PeerRefused
from distributed.messages.base import Redirect, Refused
from distributed.transport.interface import Context, Handlers, Identity, Pool
from distributed.types import Address, Role

ASK_SECONDS = 5.0


class _NoConnection:
    """Stands where a client's connection would: nothing is ever pushed on it."""

    def __init__(self) -> None:
        self.peer = Identity(Role.CLIENT, "status-page")
        self.address = Address("")
        self.closed = True

    async def request(self, message: msgspec.Struct, *, timeout: float) -> msgspec.Struct:
        raise ConnectError("the status page takes no requests", peer="status-page")

    async def send(self, message: msgspec.Struct) -> None:
        raise ConnectError("the status page takes no messages", peer="status-page")

    async def room(self) -> None:
        return

    def try_send(self, message: msgspec.Struct, *, unhurried: bool = False) -> bool:
        return False

    async def close(self, reason: str = "") -> None:
        return

    def on_close(self, callback: Callable[[str], None]) -> None:
        callback("the status page has no connection")


class Asking:
    """Calls the node's own handlers, and follows a redirect to the node that knows."""

    def __init__(self, handlers: Handlers, pool: Callable[[], Pool]) -> None:
        self._handlers = handlers
        self._pool = pool
        self._connection = _NoConnection()

    async def ask(self, message: msgspec.Struct) -> Any:
        """The reply.

        Raises:
            PeerRefused: it was refused.
            TransportError: the node that knows cannot be asked.
        """
        context = Context(self._connection, self._connection.peer, None)
        reply = self._handlers[type(message)](context, message)
        if inspect.isawaitable(reply):
            reply = await reply
        if isinstance(reply, Redirect):
            reply = await self.ask_other(Address(reply.address), message)
        if isinstance(reply, Refused):
            raise PeerRefused(reply.code, reply.reason, field=reply.field)
        return reply

    async def ask_other(self, address: Address, message: msgspec.Struct) -> msgspec.Struct:
        """Ask another node.

        Raises:
            TransportError: it cannot be asked, or refused.
        """
        return await self._pool().request(address, message, timeout=ASK_SECONDS)
