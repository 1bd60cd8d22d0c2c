"""A membership that runs the Rust core, the failure detector that ships, under virtual time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from distributed._native import CoreNode
from distributed.membership.events import UserEvent
from distributed.membership.member import Member, Meta, Rtt, encode_meta
from distributed.membership.notices import EVENTS, member_of
from distributed.testing.membership_base import SimulatedMembership

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed.testing.network import Network
    from distributed.testing.virtual_host import VirtualHost

STREAM_TIMEOUT_SECONDS = 3.0
LEAVE_SECONDS = 5.0


class _Stream(msgspec.Struct):
    """One end of a stream between two agents."""

    peer: CoreMembership
    peer_number: int = 0
    last: float = 0.0


class CoreGroup:
    """One gossip group whose members run the core."""

    def __init__(
        self,
        network: Network,
        *,
        profile: str = "lan",
        overrides: Mapping[str, float | int | bool] | None = None,
    ) -> None:
        self.network = network
        self.profile = profile
        self.overrides = dict(overrides or {})
        self.by_address: dict[str, CoreMembership] = {}
        self._instances = 0

    def join(
        self, host: VirtualHost, agent: VirtualHost, name: str, address: str, meta: Meta
    ) -> CoreMembership:
        """A member that joins through up to three that are here already.

        `host` runs the node's Python, `agent` its native thread.
        """
        self._instances += 1
        seeds = [known for known in self.by_address if known != address][:3]
        membership = CoreMembership(self, host, agent, name, address, meta, self._instances)
        self.by_address[address] = membership
        membership.join(seeds)
        return membership


class CoreMembership(SimulatedMembership):
    """One member: the core's verbs on one side, `membership.Membership` on the other."""

    def __init__(
        self,
        group: CoreGroup,
        host: VirtualHost,
        agent: VirtualHost,
        name: str,
        address: str,
        meta: Meta,
        instance: int,
    ) -> None:
        super().__init__(group.network.loop, host, name)
        self.group = group
        self.agent = agent
        self.address = address
        self._network = group.network
        self._meta: dict[str, Any] = dict(meta)
        self._core = CoreNode(
            name,
            address,
            profile=group.profile,
            instance=instance,
            seed=(group.network.loop.seed * 1_000_003 + instance) % 2**63,
            meta=encode_meta(meta),
            overrides=group.overrides,
            now=self._loop.time(),
        )
        self._known: tuple[Member, ...] | None = None
        self._streams: dict[int, _Stream] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._gone: asyncio.Event | None = None
        ip, _, port = address.rpartition(":")
        self._socket = (ip, int(port))
        group.network.bind_datagrams(agent, self._socket, self._receive)

    def join(self, seeds: list[str]) -> None:
        """Ask to be let in."""
        self._core.join(self._loop.time(), seeds)
        self._pump()

    def members(self) -> tuple[Member, ...]:
        """Every member known, this node first."""
        if self._known is None:
            self._known = tuple(map(member_of, self._core.members()))
        return self._known

    def update_meta(self, changes: Meta) -> None:
        """Merge `changes` into this node's metadata and tell everyone."""
        merged = {**self._meta, **changes}
        self._meta = {key: value for key, value in merged.items() if value is not None}
        self._core.update_meta(self._loop.time(), encode_meta(self._meta))
        self._pump()

    def broadcast(self, name: str, payload: bytes = b"") -> None:
        """Send a user event to every member."""
        self._core.broadcast(self._loop.time(), name, payload)
        self._pump()

    def rtt(self, a: str, b: str) -> Rtt | None:
        """Estimated round trip between two members."""
        estimate = self._core.rtt(a, b)
        return None if estimate is None else Rtt(*estimate)

    async def leave(self) -> None:
        """Say goodbye, and stop once it has spread."""
        if self.stopped:
            return
        self._gone = asyncio.Event()
        self._core.leave(self._loop.time())
        self._pump()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._gone.wait()
        await self.stop()

    async def stop(self) -> None:
        """Go silent."""
        if self._timer is not None:
            self._timer.cancel()
        self.finish()

    @property
    def reachable(self) -> bool:
        """Whether its process answers at all."""
        return not (self.stopped or self.agent.dead)

    # the core's side; runs as code of the agent's thread

    def _receive(self, data: bytes, source: tuple[str, int]) -> None:
        if not self.stopped:
            self._core.handle_datagram(self._loop.time(), f"{source[0]}:{source[1]}", data)
            self._pump()

    def _due(self) -> None:
        self._timer = None
        if not self.stopped:
            self._core.handle_timeout(self._loop.time())
            self._pump()

    def _pump(self) -> None:
        transmits, events, deadline = self._core.poll()
        for kind, address, stream, data in transmits:
            if kind == "datagram":
                ip, _, port = address.rpartition(":")
                self._network.send_datagram(self.agent, self._socket, (ip, int(port)), data)
            elif kind == "open":
                self._open(stream, address, data)
            elif kind == "reply":
                self._reply(stream, data)
            else:
                self._close(stream)
        if events:
            self._known = None
            self._tell_python([event for event in events if event is not None])
        if self._gone is not None and not self._core.is_leaving:
            self._loop.call_soon(self._gone.set, context=self.host.context)
        self._arm(deadline)

    def _tell_python(self, events: list[tuple[Any, ...]]) -> None:
        for event in events:
            self._network.trace.add(self.name, "membership", event[0], str(event[2])[:60])
        self._loop.call_soon(self._hear, events, context=self.host.context)

    def _hear(self, events: list[tuple[Any, ...]]) -> None:
        for kind, _, *values in events:
            if kind == "user_event":
                name, payload, lamport, origin = values
                self.publish(UserEvent(name, payload, lamport, origin))
            elif kind in EVENTS:
                member, reason = values
                self.publish(EVENTS[kind](member_of(member), reason))

    def _arm(self, deadline: float | None) -> None:
        timer = self._timer
        if timer is not None:
            if deadline is not None and not timer.cancelled() and timer.when() == deadline:
                return
            timer.cancel()
        self._timer = None
        if deadline is not None:
            at = max(deadline, self._loop.time())
            self._timer = self._loop.call_at(at, self._due, context=self.agent.context)

    # streams between agents: reliable, in order, and gone with the process

    def _open(self, number: int, address: str, data: bytes) -> None:
        target = self.group.by_address.get(address)
        if target is None or not self._connected(target):
            refused = target is not None and not target.reachable and self._path(target)
            delay = 0.001 if refused else STREAM_TIMEOUT_SECONDS
            self._loop.call_later(delay, self._failed, number, refused, context=self.agent.context)
            return
        stream = self._streams[number] = _Stream(target)
        self._later(stream, target, target._accepted, self, number, data)

    def _accepted(self, source: CoreMembership, number: int, data: bytes) -> None:
        if self.stopped:
            return
        mine = self._core.accept_stream()
        self._streams[mine] = _Stream(source, number)
        if number in source._streams:
            source._streams[number].peer_number = mine
        self._stream_message(mine, data)

    def _reply(self, number: int, data: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None or not stream.peer_number:
            return
        if not self._connected(stream.peer):
            self._streams.pop(number)
            self._loop.call_later(
                STREAM_TIMEOUT_SECONDS, self._failed, number, False, context=self.agent.context
            )
            return
        self._later(stream, stream.peer, stream.peer._stream_message, stream.peer_number, data)

    def _close(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None and stream.peer_number and self._connected(stream.peer):
            self._later(stream, stream.peer, stream.peer._stream_closed, stream.peer_number)

    def _later(self, stream: _Stream, target: CoreMembership, action: Any, *values: Any) -> None:
        latency = self._network.conditions.latency(self.agent, target.agent).base_seconds
        stream.last = max(stream.last, self._loop.time() + latency)
        self._loop.call_at(stream.last, action, *values, context=target.agent.context)

    def _stream_message(self, number: int, data: bytes) -> None:
        if not self.stopped:
            self._core.handle_stream_message(self._loop.time(), number, data)
            self._pump()

    def _stream_closed(self, number: int) -> None:
        self._streams.pop(number, None)
        if not self.stopped:
            self._core.handle_stream_closed(self._loop.time(), number)
            self._pump()

    def _failed(self, number: int, refused: bool) -> None:
        self._streams.pop(number, None)
        if not self.stopped:
            self._core.handle_stream_failed(self._loop.time(), number, refused)
            self._pump()

    def _path(self, target: CoreMembership) -> bool:
        conditions = self._network.conditions
        here, there = self.agent, target.agent
        up = there not in self._network.powered_off
        return up and conditions.open(here, there) and conditions.open(there, here)

    def _connected(self, target: CoreMembership) -> bool:
        return target.reachable and self._path(target)
