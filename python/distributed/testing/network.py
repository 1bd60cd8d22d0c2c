"""A network of simulated processes: listeners, connections and datagrams under virtual time."""

from __future__ import annotations

import asyncio
import errno
import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from distributed.testing.conditions import Conditions
from distributed.testing.message_rules import MessageRules, PipeTap
from distributed.testing.streams import Pipe, StreamEnd
from distributed.testing.virtual_host import VirtualHost

if TYPE_CHECKING:
    from distributed.testing.trace import Trace
    from distributed.testing.virtual_loop import VirtualLoop

Datagram = Callable[[bytes, tuple[str, int]], None]

FIRST_PORT = 20_000
MOST_AT_ONCE = 32 * 1024 * 1024
"""What one turn of a loop may write on top of a full buffer: two of the largest frames."""
SYN_RETRIES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class SimulatedServer:
    """What `loop.create_server` gives."""

    def __init__(self, network: Network, address: tuple[str, int]) -> None:
        self._network = network
        self._address = address
        self.sockets = [self]

    def getsockname(self) -> tuple[str, int]:
        """The bound address."""
        return self._address

    def close(self) -> None:
        """Accept no more."""
        self._network.unlisten(self._address)

    async def wait_closed(self) -> None:
        """Closing takes no time."""


class Network:
    """Every wire of a simulated cluster.

    Args:
        loop: whose time it keeps; the loop's `create_server` and `create_connection` lead here.
        trace: hears of every message and every connection.
    """

    def __init__(self, loop: VirtualLoop, trace: Trace) -> None:
        self.loop = loop
        self.trace = trace
        self.conditions = Conditions(loop.seed)
        self.rules = MessageRules()
        self.wire = VirtualHost("wire")
        self.powered_off: set[VirtualHost] = set()
        self._listeners: dict[tuple[str, int], tuple[VirtualHost, Callable[[], Any]]] = {}
        self._mailboxes: dict[tuple[str, int], tuple[VirtualHost, Datagram]] = {}
        self._ends: dict[StreamEnd, None] = {}
        self._holding: dict[Pipe, None] = {}
        self._links: dict[tuple[str, str], int] = {}
        self._datagram_rng: dict[tuple[str, str], random.Random] = {}
        self._ports = itertools.count(FIRST_PORT)
        loop.network = self

    # streams

    def listen(
        self, host: VirtualHost, ip: str, port: int, factory: Callable[[], Any]
    ) -> SimulatedServer:
        """Accept connections for `host`.

        Raises:
            OSError: the address is taken.
        """
        address = (ip, port or next(self._ports))
        if address in self._listeners:
            raise OSError(errno.EADDRINUSE, f"{ip}:{port} is in use")
        self._listeners[address] = (host, factory)
        return SimulatedServer(self, address)

    def unlisten(self, address: tuple[str, int]) -> None:
        """Accept nothing more at `address`."""
        self._listeners.pop(address, None)

    def listens(self, address: tuple[str, int]) -> bool:
        """Whether somebody accepts at `address`."""
        return address in self._listeners

    async def connect(
        self, host: VirtualHost, ip: str, port: int, factory: Callable[[], Any]
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Open a connection from `host`.

        Raises:
            ConnectionRefusedError: nobody listens there.
            TimeoutError: nothing came back from there.
        """
        rng = self._rng(host.name, f"{ip}:{port}")
        for pause in SYN_RETRIES:
            target = self._host_at(ip, port)
            if target is not None and self._reach(host, target):
                there = self.conditions.draw(host, target, rng)
                back = self.conditions.draw(target, host, rng)
                await asyncio.sleep(there + back)
                listener = self._listeners.get((ip, port))
                if listener is None or listener[0].dead:
                    raise ConnectionRefusedError(errno.ECONNREFUSED, f"{ip}:{port} refused")
                return self._join(host, listener[0], (ip, port), factory, listener[1])
            if target is None and not self._known(ip):
                await asyncio.sleep(self.conditions.local.base_seconds * 2)
                raise ConnectionRefusedError(errno.ECONNREFUSED, f"{ip}:{port} refused")
            await asyncio.sleep(pause)
        raise TimeoutError(errno.ETIMEDOUT, f"{ip}:{port} did not answer")

    def _join(
        self,
        host: VirtualHost,
        target: VirtualHost,
        address: tuple[str, int],
        factory: Callable[[], Any],
        accept: Callable[[], Any],
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        link = self._links[host.name, target.name] = (
            self._links.get((host.name, target.name), 0) + 1
        )
        near = StreamEnd(self, host, (host.ip, next(self._ports)))
        far = StreamEnd(self, target, address)
        near.peer, far.peer = far, near
        name = f"{host.name}>{target.name}:{link}"
        near.outgoing = Pipe(self, near, far, name)
        far.outgoing = Pipe(self, far, near, f"{name}:back")
        self._ends[near] = self._ends[far] = None
        self.trace.add(host.name, "connect", "connection", target.name)
        self.loop.call_soon(self._accept, far, accept, context=target.context)
        near.protocol = factory()
        near.protocol.connection_made(near)
        return near, near.protocol

    def _accept(self, end: StreamEnd, accept: Callable[[], Any]) -> None:
        end.protocol = accept()
        end.protocol.connection_made(end)

    def forget(self, end: StreamEnd) -> None:
        """An end is over."""
        self._ends.pop(end, None)
        self.trace.add(end.host.name, "disconnect", "connection", end.peer.host.name)

    def tap_for(self, source: VirtualHost, target: VirtualHost) -> PipeTap:
        """Reads what `source` sends to `target`."""
        return PipeTap(self.rules, self.trace, source.name, target.name)

    def holding(self, pipe: Pipe) -> None:
        """A pipe has something that waits for a cut to be mended."""
        self._holding[pipe] = None

    # datagrams

    def bind_datagrams(
        self, host: VirtualHost, address: tuple[str, int], receive: Datagram
    ) -> None:
        """Hand `host` what is sent to `address`."""
        self._mailboxes[address] = (host, receive)

    def send_datagram(
        self, host: VirtualHost, source: tuple[str, int], address: tuple[str, int], data: bytes
    ) -> None:
        """Send and forget: it may be lost, late or doubled."""
        mailbox = self._mailboxes.get(address)
        if mailbox is None:
            return
        target, receive = mailbox
        conditions = self.conditions
        if not conditions.open(host, target) or host in self.powered_off:
            return
        rng = self._rng(host.name, target.name)
        if conditions.datagram_loss and rng.random() < conditions.datagram_loss:
            return
        copies = 1 + (
            bool(conditions.datagram_duplicates) and rng.random() < conditions.datagram_duplicates
        )
        for _ in range(copies):
            delay = conditions.draw(host, target, rng)
            if target not in self.powered_off:
                self.loop.call_later(delay, receive, data, source, context=target.context)

    # faults

    def cut(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Lose everything on these directed pairs of host names."""
        for source, target in pairs:
            self.conditions.cut(source, target)

    def mend(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take the cuts back; what TCP held is sent again."""
        for source, target in pairs:
            self.conditions.mend(source, target)
        for pipe in list(self._holding):
            if self.conditions.open(pipe.source.host, pipe.target.host):
                del self._holding[pipe]
                pipe.release()

    def process_died(self, host: VirtualHost) -> None:
        """Its kernel resets every connection and closes every port."""
        self._close_ports(host)
        for end in [end for end in self._ends if end.host is host]:
            end.vanish()
            del self._ends[end]
            end.outgoing.reset()

    def power_off(self, host: VirtualHost) -> None:
        """The machine is gone: not even a reset is heard."""
        self.powered_off.add(host)
        self._close_ports(host)
        for end in [end for end in self._ends if end.host is host]:
            end.vanish()
            del self._ends[end]

    def break_connections(self, one: str, other: str) -> int:
        """Reset every connection between two processes; how many there were."""
        ends = [e for e in self._ends if {e.host.name, e.peer.host.name} == {one, other}]
        for end in ends:
            self.loop.call_soon(
                end.lose, ConnectionResetError("reset by the network"), context=end.host.context
            )
        return len(ends) // 2

    def open_connections(self, host: VirtualHost) -> int:
        """How many connections a process has open."""
        return sum(1 for end in self._ends if end.host is host)

    def overfull(self) -> Iterator[tuple[str, int, int]]:
        """Connections that hold more than twice what they may: host, bytes, limit."""
        for end in self._ends:
            if not end.full:
                continue
            size, limit = end.get_write_buffer_size(), end.high_water
            if size > 2 * limit + MOST_AT_ONCE:
                yield end.host.name, size, limit

    def _close_ports(self, host: VirtualHost) -> None:
        for address in [a for a, (owner, _) in self._listeners.items() if owner is host]:
            del self._listeners[address]
        for address in [a for a, (owner, _) in self._mailboxes.items() if owner is host]:
            del self._mailboxes[address]

    # who is where

    def _host_at(self, ip: str, port: int) -> VirtualHost | None:
        listener = self._listeners.get((ip, port))
        return listener[0] if listener else self._machines().get(ip)

    def _machines(self) -> dict[str, VirtualHost]:
        return {ip: owner for (ip, _), (owner, _) in self._listeners.items()}

    def _known(self, ip: str) -> bool:
        return any(host.ip == ip for host in self.powered_off)

    def _reach(self, host: VirtualHost, target: VirtualHost) -> bool:
        return (
            target not in self.powered_off
            and self.conditions.open(host, target)
            and self.conditions.open(target, host)
        )

    def _rng(self, source: str, target: str) -> random.Random:
        found = self._datagram_rng.get((source, target))
        if found is None:
            found = random.Random(f"way:{self.loop.seed}:{source}>{target}")
            self._datagram_rng[source, target] = found
        return found
