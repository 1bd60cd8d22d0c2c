"""What roles know of the network: connections, requests, and who is at the other end.

Two implementations stand behind it: TCP (`tcp.py`) and the simulated network of
`distributed.testing`. A role never knows which one it has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from distributed.transport.turn import Turn
from distributed.types import Address, Role


class Identity(msgspec.Struct, frozen=True):
    """Who a peer says, or proves by certificate, that it is."""

    role: Role
    name: str
    datacenter: str = ""
    instance: str = ""
    """Fresh for each process start: a restart is a new instance."""
    address: str = ""
    """Where the peer listens, `host:port`; "" for one that does not."""


class Context(msgspec.Struct):
    """What a handler knows about the request it serves."""

    connection: Connection
    peer: Identity
    deadline: float | None
    """Local monotonic seconds after which the answer is of no use."""
    trace: str = ""
    unhurried: bool = False
    """Set by a handler whose answer nobody waits for: it may leave with the next frame."""


class Connection(Protocol):
    """One connection to one peer; both ends may send requests on it."""

    @property
    def peer(self) -> Identity:
        """The other end, known once the greeting is done."""
        ...

    @property
    def address(self) -> Address:
        """The socket's remote address, never one claimed in a payload."""
        ...

    @property
    def closed(self) -> bool:
        """Whether the connection has ended."""
        ...

    def request(self, message: msgspec.Struct, *, timeout: float) -> Awaitable[msgspec.Struct]:
        """Send, at once where there is room, and wait for the reply, at most `timeout` seconds.

        Raises, when the reply is awaited:
            RequestTimeout: no reply in time; the connection stays usable.
            ConnectError: the connection ended first.
            PeerRefused: the peer answered with a refusal.
        """
        ...

    async def send(self, message: msgspec.Struct) -> None:
        """Send with no reply; waits only for room in the send buffer.

        Raises:
            ConnectError: the connection has ended.
        """
        ...

    async def room(self) -> None:
        """Wait until the send buffer has room, or the connection ends.

        Raises:
            ConnectError: it has ended already.
        """
        ...

    def try_send(self, message: msgspec.Struct, *, unhurried: bool = False) -> bool:
        """Send if the send buffer has room; False where it has not or the peer is gone.

        An unhurried message waits a moment for another frame that it can leave with.
        """
        ...

    async def close(self, reason: str = "") -> None:
        """End the connection; pending requests fail with ConnectError."""
        ...

    def on_close(self, callback: Callable[[str], None]) -> None:
        """Call `callback(reason)` once when the connection ends, at once if it has."""
        ...


Reply = msgspec.Struct | None
Service = Callable[[Context, Any], Awaitable[Reply] | Reply]
"""Answers one request; None for a message that has no reply.

A plain function is called in the order of arrival, before the next message is looked at; a
coroutine runs as a task of its own.
"""

Handlers = Mapping[type[msgspec.Struct], Service]
"""Message type to the method that serves it, built from each conversation's `handlers()`."""


class Listener(Protocol):
    """An open listening address."""

    @property
    def address(self) -> Address:
        """The bound address, the port resolved."""
        ...

    async def close(self) -> None:
        """Stop accepting and end every accepted connection."""
        ...


class Transport(Protocol):
    """Makes listeners and connections for one node.

    Attributes:
        turn: the end of each reading, of all its connections.
    """

    turn: Turn

    async def listen(
        self,
        address: Address,
        handlers: Handlers,
        identity: Identity,
        *,
        on_open: Callable[[Connection], None] | None = None,
    ) -> Listener:
        """Accept connections and serve `handlers` on them; `on_open` hears of each one greeted.

        Raises:
            ConfigError: the address cannot be bound; says why and by whom where known.
        """
        ...

    async def connect(
        self, address: Address, handlers: Handlers, identity: Identity, *, timeout: float
    ) -> Connection:
        """Open a connection and exchange greetings within `timeout` seconds.

        Raises:
            ConnectError: nobody answered.
            PeerIdentityError: the peer is not who it must be, or speaks another version.
        """
        ...


class Pool(Protocol):
    """Connections by address, opened on first use and kept while healthy."""

    def request(
        self, address: Address, message: msgspec.Struct, *, timeout: float
    ) -> Awaitable[msgspec.Struct]:
        """As `Connection.request`, connecting first where needed."""
        ...

    async def send(self, address: Address, message: msgspec.Struct) -> None:
        """As `Connection.send`, connecting first where needed."""
        ...

    def stands(self, address: Address) -> bool:
        """Whether a connection to `address` is open now."""
        ...

    def accepted(self, connection: Connection) -> None:
        """A peer connected to this node: where it listens, it is reached on its connection."""
        ...

    async def close(self) -> None:
        """End every connection."""
        ...
