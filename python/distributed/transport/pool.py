"""Connections by address: opened once, shared, reopened with a pause after failures.

A peer that listens and connected to us is reached on its connection: one is enough for two
nodes, and what both send leaves in fewer writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

import msgspec

from distributed.errors import ClosedError, ConnectError, TransportError
from distributed.types import Address

if TYPE_CHECKING:
    from distributed.clock import Clock
    from distributed.transport.interface import Connection, Handlers, Identity, Transport
    from distributed.transport.turn import Turn


class _Entry:
    """What is known of one address."""

    __slots__ = ("accepted", "dialed", "failures", "lock", "newest", "not_before")

    def __init__(self) -> None:
        self.dialed: Connection | None = None
        self.accepted: Connection | None = None
        self.newest: Connection | None = None
        self.failures = 0
        self.lock = asyncio.Lock()
        self.not_before = 0.0

    def open(self, own_instance: str) -> Connection | None:
        """The connection to use, None where none is open.

        Where both sides connected, both choose the one of the lower instance; of two processes
        that had the address one after the other, the one heard of last is meant.
        """
        dialed, accepted = self.dialed, self.accepted
        if accepted is None or accepted.closed:
            return None if dialed is None or dialed.closed else dialed
        if dialed is None or dialed.closed:
            return accepted
        if dialed.peer.instance != accepted.peer.instance:
            return self.newest
        return dialed if own_instance < accepted.peer.instance else accepted

    def forget(self, connection: Connection) -> None:
        """An accepted connection has ended."""
        if self.accepted is connection:
            self.accepted = None
        if self.newest is connection:
            self.newest = self.dialed


class ConnectionPool:
    """One connection for each address; concurrent first uses share one attempt.

    After a failed attempt the address is left alone for a pause that doubles up to
    `longest_pause_seconds`; calls within it fail at once. The table is bounded: addresses
    without a connection are forgotten, the oldest first.
    """

    def __init__(
        self,
        transport: Transport,
        handlers: Handlers,
        identity: Identity,
        clock: Clock,
        *,
        connect_seconds: float = 3.0,
        first_pause_seconds: float = 0.05,
        longest_pause_seconds: float = 2.0,
        capacity: int = 4096,
    ) -> None:
        self._transport = transport
        self._handlers = handlers
        self._identity = identity
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._first_pause = first_pause_seconds
        self._longest_pause = longest_pause_seconds
        self._capacity = capacity
        self._entries: dict[Address, _Entry] = {}
        self._closed = False

    @property
    def turn(self) -> Turn:
        """What leaves through these connections inside `with turn:` leaves at its end."""
        return self._transport.turn

    async def connection(self, address: Address) -> Connection:
        """The open connection to `address`, made where there is none.

        Raises:
            ConnectError: it cannot be made, or failed so recently that it is not tried again.
            PeerIdentityError: the peer is not who it must be.
            ClosedError: the pool is closed.
        """
        entry = self._entry(address)
        if (standing := entry.open(self._identity.instance)) is not None:
            return standing
        async with entry.lock:
            if self._closed:
                raise ClosedError("the connection pool is closed")
            if (standing := entry.open(self._identity.instance)) is not None:
                return standing
            if self._clock.now() < entry.not_before:
                raise ConnectError(
                    f"{address} failed {entry.failures} times in a row and is left alone "
                    f"for {entry.not_before - self._clock.now():.2f} s more",
                    peer=address,
                )
            return await self._open(address, entry)

    async def _open(self, address: Address, entry: _Entry) -> Connection:
        try:
            entry.dialed = entry.newest = await self._transport.connect(
                address, self._handlers, self._identity, timeout=self._connect_seconds
            )
        except TransportError:
            entry.failures += 1
            pause = min(self._first_pause * 2 ** (entry.failures - 1), self._longest_pause)
            entry.not_before = self._clock.now() + pause
            raise
        entry.failures = 0
        return entry.dialed

    def accepted(self, connection: Connection) -> None:
        """A peer connected to this node: where it listens, it is reached on its connection.

        Only what comes from the host it claims to listen at counts as its own address.
        """
        address = connection.peer.address
        if self._closed or not address or _host(address) != _host(connection.address):
            return
        entry = self._entry(Address(address))
        entry.accepted = entry.newest = connection
        entry.failures, entry.not_before = 0, 0.0
        connection.on_close(lambda _reason: entry.forget(connection))

    def opened(self, address: Address) -> Connection | None:
        """The connection to `address` if one is open."""
        entry = self._entries.get(address)
        return None if entry is None else entry.open(self._identity.instance)

    def stands(self, address: Address) -> bool:
        """Whether a connection to `address` is open now."""
        return self.opened(address) is not None

    def request(
        self, address: Address, message: msgspec.Struct, *, timeout: float
    ) -> Awaitable[msgspec.Struct]:
        """As `Connection.request`, connecting first where needed."""
        standing = self.opened(address)
        if standing is not None:
            return standing.request(message, timeout=timeout)
        return self._connect_and_request(address, message, timeout)

    async def _connect_and_request(
        self, address: Address, message: msgspec.Struct, timeout: float
    ) -> msgspec.Struct:
        return await (await self.connection(address)).request(message, timeout=timeout)

    async def send(self, address: Address, message: msgspec.Struct) -> None:
        """As `Connection.send`, connecting first where needed."""
        await (await self.connection(address)).send(message)

    async def close(self) -> None:
        """End every connection and make no more."""
        self._closed = True
        entries, self._entries = self._entries, {}
        await asyncio.gather(
            *(
                entry.dialed.close("the node is stopping")
                for entry in entries.values()
                if entry.dialed is not None and not entry.dialed.closed
            )
        )

    def _entry(self, address: Address) -> _Entry:
        entry = self._entries.get(address)
        if entry is None:
            if len(self._entries) >= self._capacity:
                self._forget_idle()
            entry = self._entries[address] = _Entry()
        return entry

    def _forget_idle(self) -> None:
        for address in [
            a for a, e in self._entries.items() if not self.opened(a) and not e.lock.locked()
        ]:
            del self._entries[address]


def _host(address: str) -> str:
    return address.rpartition(":")[0]
