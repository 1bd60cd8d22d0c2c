"""Simulated TCP: two ends and the two pipes between them, with everything that can go wrong."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed.testing.network import Network
    from distributed.testing.virtual_host import VirtualHost

_END = object()
_RESET = object()
RETRANSMIT_SECONDS = 0.2


class StreamEnd(asyncio.Transport):
    """What a protocol writes to; the other end reads it after the network's delay.

    While the way is cut, what was written waits and is sent again after the cut is mended, as
    TCP does; the peer of a killed process is reset, that of a powered-off one hears nothing.
    """

    def __init__(self, network: Network, host: VirtualHost, address: tuple[str, int]) -> None:
        super().__init__()
        self.network = network
        self.host = host
        self.address = address
        self.peer: StreamEnd
        self.protocol: asyncio.BaseProtocol
        self.outgoing: Pipe
        self.lost = False
        self._closing = False
        self._reading = True
        self._received: deque[Any] = deque()
        self._high = 64 * 1024
        self.full = False
        """Past the high-water mark, and not down to a quarter of it again."""

    # asyncio.Transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`peername` and `sockname`."""
        known = {"peername": self.peer.address, "sockname": self.address}
        return known.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand what comes to `protocol`."""
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who reads."""
        return self.protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Past `high` bytes on their way, the protocol is asked to pause."""
        self._high = 64 * 1024 if high is None else high

    @property
    def high_water(self) -> int:
        """Bytes past which the protocol is asked to pause."""
        return self._high

    def get_write_buffer_size(self) -> int:
        """Bytes written and not yet taken by the other end."""
        return self.outgoing.in_flight

    def write(self, data: Any) -> None:
        """Send `data`; after a close it is dropped."""
        if self.lost or self._closing or not data:
            return
        self.outgoing.send(bytes(data))
        if not self.full and self.outgoing.in_flight > self._high:
            self.full = True
            self._protocol_call("pause_writing")

    def drained(self) -> None:
        """The other end took something."""
        if self.full and self.outgoing.in_flight <= self._high // 4 and not self.lost:
            self.full = False
            self._soon(self._protocol_call, "resume_writing")

    def pause_reading(self) -> None:
        """Leave what comes in the receive buffer."""
        self._reading = False

    def resume_reading(self) -> None:
        """Read again, what waited first."""
        self._reading = True
        if self._received:
            self._soon(self._drain_received)

    def is_reading(self) -> bool:
        """Whether what comes is handed on."""
        return self._reading

    def is_closing(self) -> bool:
        """Whether this end was closed."""
        return self._closing or self.lost

    def close(self) -> None:
        """Send what was written, then the end."""
        if self._closing or self.lost:
            return
        self._closing = True
        self.outgoing.send(_END)
        self._soon(self.lose, None)

    def abort(self) -> None:
        """Reset the connection."""
        if self.lost:
            return
        self._closing = True
        self.outgoing.send(_RESET)
        self._soon(self.lose, None)

    # the network's side

    def arrive(self, piece: Any) -> None:
        """Something came; runs as code of this end's process."""
        if self.lost:
            if piece is not _RESET and piece is not _END:
                self.outgoing.send(_RESET)
            return
        self._received.append(piece)
        if self._reading:
            self._drain_received()

    def _drain_received(self) -> None:
        while self._received and self._reading and not self.lost:
            piece = self._received.popleft()
            if piece is _RESET:
                self.lose(ConnectionResetError("connection reset by peer"))
            elif piece is _END:
                self.close()
            else:
                self.peer.outgoing.taken(len(piece))
                self.protocol.data_received(piece)  # type: ignore[attr-defined]

    def lose(self, error: Exception | None) -> None:
        """This end is over."""
        if self.lost:
            return
        self.lost = True
        self._received.clear()
        self.network.forget(self)
        self.protocol.connection_lost(error)

    def vanish(self) -> None:
        """The process is gone; nobody is told here."""
        self.lost = True
        self._received.clear()

    def _protocol_call(self, name: str) -> None:
        if not self.lost:
            getattr(self.protocol, name)()

    def _soon(self, callback: Any, *arguments: Any) -> None:
        self.network.loop.call_soon(callback, *arguments, context=self.host.context)


class Pipe:
    """One direction of a connection: in order, after a delay, held while the way is cut."""

    __slots__ = (
        "_held",
        "_last",
        "_order",
        "_rng",
        "in_flight",
        "network",
        "source",
        "tap",
        "target",
    )

    def __init__(self, network: Network, source: StreamEnd, target: StreamEnd, name: str) -> None:
        self.network = network
        self.source = source
        self.target = target
        self.tap = network.tap_for(source.host, target.host)
        self.in_flight = 0
        self._rng = random.Random(f"pipe:{network.loop.seed}:{name}")
        self._last = 0.0
        self._order = 0
        self._held: list[tuple[int, Any]] = []

    def send(self, piece: Any) -> None:
        """Put a piece on its way."""
        if piece.__class__ is bytes:
            piece = self.tap.passes(piece)
            if not piece:
                return
            self.in_flight += len(piece)
        self._order += 1
        if self._held or not self.network.conditions.open(self.source.host, self.target.host):
            self._hold(self._order, piece)
        else:
            self._launch(self._order, piece, 0.0)

    def _hold(self, order: int, piece: Any) -> None:
        if not self._held:
            self.network.holding(self)
        self._held.append((order, piece))

    def _launch(self, order: int, piece: Any, wait: float) -> None:
        conditions, loop = self.network.conditions, self.network.loop
        delay = wait + conditions.draw(self.source.host, self.target.host, self._rng)
        if piece.__class__ is bytes:
            delay += len(piece) / conditions.bytes_per_second + self.tap.delay
        if conditions.stall_chance and self._rng.random() < conditions.stall_chance:
            delay += conditions.stall_seconds
        self._last = max(self._last, loop.time() + delay)
        loop.call_at(self._last, self._land, order, piece, context=self.target.host.context)

    def _land(self, order: int, piece: Any) -> None:
        """Runs as code of the target: a paused one finds it in its kernel's buffer later."""
        if self.network.conditions.open(self.source.host, self.target.host):
            self.target.arrive(piece)
        else:
            self._hold(order, piece)

    def release(self) -> None:
        """The way is open again: what was held is sent again."""
        held, self._held = sorted(self._held, key=lambda entry: entry[0]), []
        wait = RETRANSMIT_SECONDS * (0.5 + self._rng.random())
        for order, piece in held:
            self._launch(order, piece, wait)

    def taken(self, size: int) -> None:
        """The other end read `size` bytes."""
        self.in_flight -= size
        self.source.drained()

    def reset(self) -> None:
        """Tell the target that the source is gone."""
        self._held.clear()
        self.send(_RESET)
