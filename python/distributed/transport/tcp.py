"""The transport over TCP sockets, plain or with mutual TLS."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from distributed.errors import ConfigError, ConnectError, PeerIdentityError
from distributed.transport.address import format_address
from distributed.transport.connection import TcpConnection
from distributed.transport.dispatch import Filter, Router, refuse_late, refuse_strangers
from distributed.transport.endpoint import Endpoint, Limits
from distributed.transport.turn import Turn
from distributed.types import Address, Role

if TYPE_CHECKING:
    from distributed.clock import Clock
    from distributed.supervision import Supervisor
    from distributed.telemetry.logs import BoundLogger
    from distributed.telemetry.metrics import Metrics
    from distributed.transport.interface import Connection, Handlers, Identity
    from distributed.transport.tls import TlsFiles


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port`, IPv6 hosts in brackets.

    Raises:
        ConfigError: it is not of that form.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f"{address!r} is no host:port", field="address")
    return host.strip("[]"), int(port)


class TcpListener:
    """An open port and the connections it accepted."""

    def __init__(self, limits: Limits, on_open: Callable[[Connection], None] | None = None) -> None:
        self.address = Address("")
        self._limits = limits
        self._on_open = on_open
        self._server: asyncio.Server | None = None
        self._connections: dict[TcpConnection, None] = {}
        self._strangers: dict[TcpConnection, None] = {}
        self._clients = 0

    def opened(self, server: asyncio.Server) -> None:
        """The port is bound."""
        self._server = server
        self.address = format_address(server.sockets[0].getsockname())

    def arrived(self, connection: TcpConnection) -> None:
        """Somebody connects who has yet to greet; of too many such the oldest goes."""
        if len(self._strangers) >= self._limits.strangers:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.close_soon("too many connections wait here without a greeting")
        self._strangers[connection] = None
        connection.on_close(lambda _: self._strangers.pop(connection, None))

    def room_for(self, identity: Identity) -> str:
        """Why there is no room for this peer, or "". Nodes always find some."""
        if identity.role is not Role.CLIENT or self._clients < self._limits.clients:
            return ""
        return f"{self._clients} clients are connected here, the limit; ask another gate"

    def accepted(self, connection: TcpConnection) -> None:
        """Keep a connection until it ends."""
        self._strangers.pop(connection, None)
        self._connections[connection] = None
        self._clients += connection.peer.role is Role.CLIENT
        connection.on_close(lambda _: self._ended(connection))
        if self._on_open is not None:
            self._on_open(connection)

    def _ended(self, connection: TcpConnection) -> None:
        if connection in self._connections:
            del self._connections[connection]
            self._clients -= connection.peer.role is Role.CLIENT

    async def close(self) -> None:
        """Stop accepting and end every accepted connection."""
        if self._server is None:
            return
        self._server.close()
        for stranger in tuple(self._strangers):
            stranger.close_soon("the node is stopping")
        await asyncio.gather(
            *(connection.close("the node is stopping") for connection in tuple(self._connections))
        )
        await self._server.wait_closed()


class TcpTransport:
    """Makes listeners and connections for one node; see `interface.Transport`."""

    def __init__(
        self,
        supervisor: Supervisor,
        clock: Clock,
        logger: BoundLogger,
        metrics: Metrics,
        *,
        limits: Limits | None = None,
        filters: Mapping[str, Filter] | None = None,
        cluster: str = "",
        tls: TlsFiles | None = None,
    ) -> None:
        self._supervisor = supervisor
        self._clock = clock
        self._logger = logger
        self._metrics = metrics
        self._limits = limits or Limits()
        self._filters = {
            "deadline": refuse_late(clock.now),
            **(filters or {}),
        }
        self._cluster = cluster
        self._tls = tls
        self.turn = Turn()

    def _endpoint(self, handlers: Handlers, identity: Identity) -> Endpoint:
        filters = {"identity": refuse_strangers(identity), **self._filters}
        router = Router(handlers, self._logger, self._metrics, filters)
        return Endpoint(
            identity,
            router,
            self._supervisor,
            self._clock,
            self._logger,
            self._metrics,
            self.turn,
            limits=self._limits,
            cluster=self._cluster,
        )

    async def listen(
        self,
        address: Address,
        handlers: Handlers,
        identity: Identity,
        *,
        on_open: Callable[[Connection], None] | None = None,
    ) -> TcpListener:
        """Accept connections and serve `handlers` on them; `on_open` hears of each one greeted."""
        host, port = split_address(address)
        endpoint = self._endpoint(handlers, identity)
        listener = TcpListener(self._limits, on_open)

        def accept() -> TcpConnection:
            connection = TcpConnection(
                endpoint,
                greets_first=False,
                verify=self._tls.verify if self._tls else None,
                admit=listener.room_for,
                on_open=listener.accepted,
            )
            listener.arrived(connection)
            return connection

        context = self._tls.server_context() if self._tls else None
        try:
            server = await asyncio.get_running_loop().create_server(
                accept, host, port, ssl=context, backlog=1024
            )
        except OSError as error:
            raise ConfigError(_cannot_listen(address, error), field="bind") from error
        listener.opened(server)
        if not identity.address:
            # Who connects learns where to find this node otherwise, too.
            endpoint.identity = msgspec.structs.replace(identity, address=listener.address)
        return listener

    async def connect(
        self, address: Address, handlers: Handlers, identity: Identity, *, timeout: float
    ) -> TcpConnection:
        """Open a connection and exchange greetings within `timeout` seconds."""
        host, port = split_address(address)
        endpoint = self._endpoint(handlers, identity)
        connection = TcpConnection(
            endpoint, greets_first=True, verify=self._tls.verify if self._tls else None
        )
        context = self._tls.client_context() if self._tls else None
        try:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().create_connection(
                    lambda: connection,
                    host,
                    port,
                    ssl=context,
                    server_hostname="" if context else None,
                )
                await connection.greeted
        except TimeoutError:
            connection.close_soon("the greeting took too long")
            raise ConnectError(
                f"{address} did not greet us in {timeout:g} s; is it the address of a node's jobs?",
                peer=address,
            ) from None
        except OSError as error:
            raise ConnectError(_cannot_connect(address, error), peer=address) from error
        except PeerIdentityError:
            connection.close_soon("the greeting was refused")
            raise
        return connection


def _cannot_listen(address: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by another process; choose another port, or 0 for a free one"
    if error.errno == errno.EACCES:
        return f"{address} needs more rights than this user has; choose a port above 1023"
    return f"cannot listen at {address}: {error.strerror or error}"


def _cannot_connect(address: str, error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED:
        return f"nothing listens at {address}; is the node running?"
    return f"cannot connect to {address}: {error.strerror or error}"
