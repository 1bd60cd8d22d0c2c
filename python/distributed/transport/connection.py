"""One TCP connection: greeting, requests and replies by correlation id, notices, keepalive."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import msgspec

from distributed.errors import ConnectError, FrameError, PeerIdentityError
from distributed.messages.base import Gone, Message, Redirect, Refused
from distributed.transport.address import format_address
from distributed.transport.calls import Lazily, PendingCalls
from distributed.transport.endpoint import UNREAD, UNREAD_SHARE
from distributed.transport.frames import DEADLINE, FrameDecoder, Kind
from distributed.transport.greeting import decode_greeting, encode_greeting, refusal_of
from distributed.transport.interface import Context, Identity
from distributed.transport.outbox import Outbox
from distributed.types import Address, Role

if TYPE_CHECKING:
    from distributed.transport.endpoint import Endpoint

Verify = Callable[[asyncio.Transport, Identity], str]
"""Holds a peer's claims against its certificate; returns why they do not fit, or ""."""
Admit = Callable[[Identity], str]
"""Whether there is room for one more of that kind; returns why not, or ""."""


class TcpConnection(asyncio.Protocol):
    """Both ends of the wire run this; see `interface.Connection` for what callers use."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        greets_first: bool,
        verify: Verify | None = None,
        admit: Admit | None = None,
        on_open: Callable[[TcpConnection], None] | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._endpoint = endpoint
        self._limits = endpoint.limits
        self._greets_first = greets_first
        self._verify = verify
        self._admit = admit
        self._on_open = on_open
        self._decoder = FrameDecoder(endpoint.limits.max_frame_bytes)
        self._calls = PendingCalls(loop)
        self._peer: Identity | None = None
        self._in_progress = 0
        self._most_in_progress = endpoint.limits.requests_in_progress
        self._last_heard = endpoint.clock.now()
        self._closing = ""
        self._close_callbacks: list[Callable[[str], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._outbox: Outbox | None = None
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.closed_event: asyncio.Future[str] = loop.create_future()

    @property
    def peer(self) -> Identity:
        """The other end, known once the greeting is done."""
        if self._peer is None:
            raise ConnectError("the greeting is not done", peer=self.address)
        return self._peer

    @property
    def address(self) -> Address:
        """The socket's remote address."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return format_address(name)

    @property
    def closed(self) -> bool:
        """Whether the connection has ended or is ending."""
        return bool(self._closing) or self.closed_event.done()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._limits.send_buffer_bytes)
        self._outbox = Outbox(
            self._loop,
            self._endpoint.turn,
            self._transport.write,
            limit_bytes=self._limits.send_buffer_bytes,
            compress_bytes=self._limits.compress_bytes,
        )
        self._timer = self._loop.call_later(self._limits.greeting_seconds, self._late_greeting)
        if self._greets_first:
            self._greet()

    def data_received(self, data: bytes) -> None:
        self._last_heard = self._endpoint.clock.now()
        with self._endpoint.turn:
            try:
                for kind, _, correlation, body in self._decoder.feed(data):
                    self._frame(kind, correlation, body)
            except FrameError as error:
                self._broken(str(error))

    def pause_writing(self) -> None:
        if self._outbox is not None:
            self._outbox.pause()

    def resume_writing(self) -> None:
        if self._outbox is not None:
            self._outbox.resume()

    def connection_lost(self, error: Exception | None) -> None:
        reason = self._closing or (str(error) if error else "the peer closed the connection")
        self._closing = reason
        if self._timer is not None:
            self._timer.cancel()
        if self._outbox is not None:
            self._outbox.close()
        failure = ConnectError(f"the connection ended: {reason}", peer=self.address)
        if not self.greeted.done():
            self.greeted.set_exception(failure)
            self.greeted.exception()
        self._calls.fail(failure)
        if not self.closed_event.done():
            self.closed_event.set_result(reason)
        callbacks, self._close_callbacks = self._close_callbacks, []
        for callback in callbacks:
            callback(reason)

    # sending

    def request(self, message: msgspec.Struct, *, timeout: float) -> Awaitable[msgspec.Struct]:
        """Send, at once where there is room, and wait for the reply, at most `timeout` seconds.

        What fails does so for whoever awaits the reply.
        """
        when_awaited = Lazily(partial(self._request_with_room, message, timeout))
        if self.closed or self._outbox is None or self._outbox.full:
            return when_awaited
        try:
            return self._ask(self._outbox, message, timeout)
        except FrameError:
            return when_awaited

    async def _request_with_room(self, message: msgspec.Struct, timeout: float) -> msgspec.Struct:
        await self.room()
        return await self._ask(self._open_outbox(), message, timeout)

    def _ask(
        self, outbox: Outbox, message: msgspec.Struct, timeout: float
    ) -> Awaitable[msgspec.Struct]:
        body = DEADLINE.pack(max(1, int(timeout * 1000))) + self._endpoint.codec.encode(message)
        correlation = self._calls.open()
        outbox.put(Kind.REQUEST, 0, correlation, body)
        return self._calls.reply(correlation, message, self.address, timeout)

    async def send(self, message: msgspec.Struct) -> None:
        """Send with no reply; waits only for room."""
        if self._open_outbox().full:
            await self.room()
        self._open_outbox().put(Kind.NOTICE, 0, 0, self._endpoint.codec.encode(message))

    async def room(self) -> None:
        """Wait until the send buffer has room, or the connection ends."""
        await self._open_outbox().room()

    def try_send(self, message: msgspec.Struct, *, unhurried: bool = False) -> bool:
        """Send if there is room and the peer is there."""
        if self.closed or self._outbox is None or self._peer is None or self._outbox.full:
            return False
        try:
            body = self._endpoint.codec.encode(message)
        except FrameError as error:
            self._too_large(error)
            return False
        self._outbox.put(Kind.NOTICE, 0, 0, body, unhurried=unhurried)
        return True

    def _too_large(self, error: FrameError) -> None:
        self._endpoint.metrics.count("messages_too_large")
        self._endpoint.logger.error("not sent to %s: %s", self.address, error)

    def _owes(self, share: int = 1) -> bool:
        """Whether the peer leaves so many answers unread, in send buffers beyond a full one."""
        unread = self._outbox.owed if self._outbox is not None else 0
        return unread > share * self._limits.send_buffer_bytes

    def _open_outbox(self) -> Outbox:
        if self.closed or self._outbox is None:
            raise ConnectError(f"the connection has ended: {self._closing}", peer=self.address)
        return self._outbox

    async def close(self, reason: str = "") -> None:
        """Say goodbye and end the connection; returns when it has ended."""
        self.close_soon(reason or "closed on this side")
        await asyncio.shield(self.closed_event)

    def close_soon(self, reason: str) -> None:
        """As `close`, without waiting."""
        if self._closing or self._transport is None or self._outbox is None:
            return
        self._outbox.flush()
        self._outbox.put(Kind.GOODBYE, 0, 0, reason.encode()[:500])
        self._outbox.flush()
        self._closing = reason
        self._transport.close()
        self._loop.call_later(1.0, self._transport.abort)

    def on_close(self, callback: Callable[[str], None]) -> None:
        """Call `callback(reason)` once when the connection ends."""
        if self.closed_event.done():
            callback(self.closed_event.result())
        else:
            self._close_callbacks.append(callback)

    # receiving

    def _frame(self, kind: int, correlation: int, body: bytes) -> None:
        if self._closing:
            return
        if self._peer is None and kind not in (Kind.GREETING, Kind.GOODBYE):
            self._broken("a frame came before the greeting")
        elif kind == Kind.REPLY:
            self._reply(correlation, body)
        elif kind == Kind.REQUEST:
            self._request(correlation, body)
        elif kind == Kind.NOTICE:
            self._serve(self._endpoint.codec.decode(body), None, None)
        elif kind == Kind.PING:
            self._put(Kind.PONG, correlation, b"")
        elif kind == Kind.GREETING:
            self._greeting(body)
        elif kind == Kind.GOODBYE:
            self._goodbye(body.decode(errors="replace"))
        elif kind != Kind.PONG:
            self._endpoint.metrics.count("frames_skipped", reason="unknown_kind")

    def _reply(self, correlation: int, body: bytes) -> None:
        if self._calls.waits(correlation):
            self._calls.deliver(correlation, self._endpoint.reply(self.peer, body))
        else:
            self._endpoint.metrics.count("replies_late")

    def _request(self, correlation: int, body: bytes) -> None:
        if len(body) < DEADLINE.size:
            raise FrameError("a request is shorter than its deadline", peer=self.address)
        (milliseconds,) = DEADLINE.unpack_from(body)
        deadline = self._endpoint.clock.now() + milliseconds / 1000 if milliseconds else None
        message = self._endpoint.codec.decode(body[DEADLINE.size :])
        self._serve(message, correlation, deadline)

    def _serve(self, message: Message, correlation: int | None, deadline: float | None) -> None:
        if correlation is not None and self._owes():
            self._answer(correlation, UNREAD)
            return
        context = Context(self, self.peer, deadline)
        router = self._endpoint.router
        service = router.admit(context, message)
        if not callable(service):
            self._answer(correlation, service)
            return
        try:
            outcome: Any = service(context, message)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is answered and logged
            self._answer(correlation, router.refusal_for(context, message, error))
            return
        if outcome is None or isinstance(outcome, msgspec.Struct):
            self._answer(correlation, outcome, unhurried=context.unhurried)
        else:
            self._later(context, message, correlation, outcome)

    def _later(
        self,
        context: Context,
        message: Message,
        correlation: int | None,
        outcome: Awaitable[msgspec.Struct | None],
    ) -> None:
        async def serve() -> None:
            try:
                reply = await outcome
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is answered and logged
                reply = self._endpoint.router.refusal_for(context, message, error)
            finally:
                self._finished()
            self._answer(correlation, reply, unhurried=context.unhurried)

        self._in_progress += 1
        if self._in_progress == self._most_in_progress and self._transport:
            self._transport.pause_reading()
        self._endpoint.supervisor.spawn(f"serve:{type(message).__name__}", serve)

    def _finished(self) -> None:
        self._in_progress -= 1
        if self._in_progress == self._most_in_progress - 1 and self._transport:
            self._transport.resume_reading()

    def _answer(
        self, correlation: int | None, reply: msgspec.Struct | None, *, unhurried: bool = False
    ) -> None:
        if self.closed:
            return
        if correlation is None:
            if isinstance(reply, Refused | Gone | Redirect):
                self._endpoint.metrics.count("notices_refused")
            return
        if reply is None:
            reply = Refused("no_answer", "the handler gave no answer to a request")
        try:
            body = self._endpoint.codec.encode(reply)
        except FrameError as error:
            self._too_large(error)
            body = self._endpoint.codec.encode(Refused("too_large", str(error)))
        if self._outbox is not None:
            self._outbox.reply(Kind.REPLY, correlation, body, unhurried=unhurried)
            if self._owes(UNREAD_SHARE):
                self._broken(f"it leaves {self._outbox.owed} bytes of answers unread")

    def _put(self, kind: Kind, correlation: int, body: bytes) -> None:
        if self._outbox is not None and not self.closed:
            self._outbox.put(kind, 0, correlation, body)

    # greeting, keepalive, ends

    def _greet(self) -> None:
        greeting = encode_greeting(self._endpoint.identity, self._endpoint.cluster)
        self._put(Kind.GREETING, 0, greeting)

    def _greeting(self, body: bytes) -> None:
        if self._peer is not None:
            self._broken("a second greeting came")
            return
        greeting = decode_greeting(body)
        refusal = refusal_of(greeting, self._endpoint.cluster)
        if not refusal and self._verify is not None and self._transport is not None:
            refusal = self._verify(self._transport, greeting.identity)
        if refusal:
            self._refused(refusal, "identity")
            return
        if self._admit is not None and (refusal := self._admit(greeting.identity)):
            self._refused(refusal, "full")
            return
        self._peer = greeting.identity
        if self._peer.role is not Role.CLIENT:
            self._most_in_progress = self._limits.node_requests_in_progress
        if not self._greets_first:
            self._greet()
        if not self.greeted.done():
            self.greeted.set_result(None)
        self._rearm()
        if self._on_open is not None:
            self._on_open(self)

    def _refused(self, refusal: str, reason: str) -> None:
        self._endpoint.metrics.count("connections_refused", reason=reason)
        self._endpoint.logger.warning("refused a connection from %s: %s", self.address, refusal)
        if not self.greeted.done():
            self.greeted.set_exception(PeerIdentityError(refusal, peer=self.address))
            self.greeted.exception()
        self.close_soon(refusal)

    def _goodbye(self, reason: str) -> None:
        if not self.greeted.done():
            self.greeted.set_exception(
                PeerIdentityError(f"{self.address} refused us: {reason}", peer=self.address)
            )
            self.greeted.exception()
        self._closing = f"the peer said goodbye: {reason}"
        if self._transport is not None:
            self._transport.close()

    def _late_greeting(self) -> None:
        self._broken(f"no greeting came in {self._limits.greeting_seconds:g} s")

    def _broken(self, reason: str) -> None:
        self._endpoint.metrics.count("connections_broken")
        self._endpoint.logger.warning("closing the connection to %s: %s", self.address, reason)
        self.close_soon(reason)

    def _rearm(self, longest_seconds: float = math.inf) -> None:
        if self._timer is not None:
            self._timer.cancel()
        seconds = min(self._limits.keepalive_seconds, longest_seconds)
        self._timer = self._loop.call_later(seconds, self._keepalive)

    def _keepalive(self) -> None:
        silent = self._endpoint.clock.now() - self._last_heard
        if silent >= self._limits.silence_seconds:
            self._broken(f"nothing heard for {silent:.0f} s")
            return
        if silent >= self._limits.keepalive_seconds * 0.9:
            self._put(Kind.PING, 0, b"")
        self._rearm(self._limits.silence_seconds - silent)
