"""What all connections of one node share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from distributed.messages.base import Message, Refused
from distributed.transport.codec import MessageCodec

if TYPE_CHECKING:
    from distributed.clock import Clock
    from distributed.supervision import Supervisor
    from distributed.telemetry.logs import BoundLogger
    from distributed.telemetry.metrics import Metrics
    from distributed.transport.dispatch import Router
    from distributed.transport.interface import Identity
    from distributed.transport.turn import Turn


UNREAD_SHARE = 4
"""Of the send buffer, in replies beyond it that the peer does not read, after which it goes."""
UNREAD = Refused("overloaded", "answers are not read here", retry_after_seconds=1.0)
FRAME_ROOM = 64
"""Of a frame, kept for its header and a request's deadline."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one connection.

    Attributes:
        max_frame_bytes: larger frames are refused before they are buffered.
        compress_bytes: bodies of at least this many bytes are compressed.
        send_buffer_bytes: past this, `send` waits and `try_send` refuses. Replies go beyond it:
            past twice as much new requests are refused, past `UNREAD_SHARE` times as much the
            peer is disconnected.
        requests_in_progress: of a client; past this, its connection is not read.
        node_requests_in_progress: the same of a node, whose control messages must not wait
            behind what the ledger is slow to take.
        clients: connections of clients at one listener; more are turned away.
        strangers: connections that have not greeted yet; past this the oldest is closed.
        greeting_seconds: how long a fresh connection may stay silent.
        keepalive_seconds: a ping goes out after this much silence.
        silence_seconds: a connection silent this long is half-open and is closed.
    """

    max_frame_bytes: int = 16 * 1024 * 1024
    compress_bytes: int = 4096
    send_buffer_bytes: int = 4 * 1024 * 1024
    requests_in_progress: int = 1024
    node_requests_in_progress: int = 32_768
    clients: int = 10_000
    strangers: int = 1024
    greeting_seconds: float = 5.0
    keepalive_seconds: float = 10.0
    silence_seconds: float = 20.0


class Endpoint:
    """Identity, router and services of the node that a connection belongs to."""

    def __init__(
        self,
        identity: Identity,
        router: Router,
        supervisor: Supervisor,
        clock: Clock,
        logger: BoundLogger,
        metrics: Metrics,
        turn: Turn,
        *,
        limits: Limits | None = None,
        cluster: str = "",
    ) -> None:
        self.identity = identity
        self.turn = turn
        self.router = router
        self.supervisor = supervisor
        self.clock = clock
        self.logger = logger
        self.metrics = metrics
        self.limits = limits or Limits()
        self.cluster = cluster
        self.codec = MessageCodec(self.limits.max_frame_bytes - FRAME_ROOM)

    def reply(self, peer: Identity, body: bytes) -> Message:
        """The reply in a body, as far as `peer` may give it.

        Raises:
            FrameError: it is no message of ours.
        """
        return self.router.vetted(peer, self.codec.decode(body))
