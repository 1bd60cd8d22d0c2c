"""A membership that knows who can reach whom, and says so after a fixed delay.

Cheap and exact: for runs whose subject is the job plane and not the detection of failures.
`membership_core` drives the detector that ships.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from distributed.membership.events import (
    Died,
    Joined,
    Left,
    MemberEvent,
    Refuted,
    Suspected,
    Updated,
    UserEvent,
)
from distributed.membership.member import Member, MemberState, Meta, Rtt
from distributed.testing.membership_base import SimulatedMembership

if TYPE_CHECKING:
    from distributed.testing.network import Network
    from distributed.testing.virtual_host import VirtualHost

TICK_SECONDS = 0.5


class _View(msgspec.Struct):
    """What one observer holds of one subject."""

    member: Member
    reached_at: float


class OracleGroup:
    """One gossip group: a datacenter's nodes, or the gates of all.

    Args:
        network: whose cuts decide who reaches whom.
        suspect_seconds: silence after which a member is suspected.
        dead_seconds: silence after which it is dead.
    """

    def __init__(
        self, network: Network, *, suspect_seconds: float = 1.5, dead_seconds: float = 4.0
    ) -> None:
        self.network = network
        self.suspect_seconds = suspect_seconds
        self.dead_seconds = dead_seconds
        self.members: dict[str, OracleMembership] = {}
        self._instances = 0
        self._lamport = 0
        self._seen: tuple[object, ...] = ()
        self._settled = False
        self._settled_at = 0.0
        network.loop.call_later(TICK_SECONDS, self._tick, context=network.wire.context)

    def join(self, host: VirtualHost, name: str, address: str, meta: Meta) -> OracleMembership:
        """A member that everybody it can reach hears of within a tick."""
        self._instances += 1
        membership = OracleMembership(self, host, name, address, meta, self._instances)
        self.members[name] = membership
        return membership

    def broadcast(self, origin: str, name: str, payload: bytes) -> None:
        """Tell everybody that `origin` can reach."""
        self._lamport += 1
        event = UserEvent(name, payload, self._lamport, origin)
        source = self.members[origin]
        for membership in self.members.values():
            if membership is source or self._reaches(source, membership):
                self._soon(membership, event)

    def _tick(self) -> None:
        now = self.network.loop.time()
        self.network.loop.call_later(TICK_SECONDS, self._tick, context=self.network.wire.context)
        seen = self._what_is_to_see()
        if seen == self._seen and self._settled:
            self._settled_at = now
            return
        self._seen, self._settled = seen, True
        observers = [m for m in self.members.values() if not m.stopped and not m.host.dead]
        for observer in observers:
            if not observer.host.paused:
                for subject in self.members.values():
                    if subject is not observer:
                        self._look(observer, subject, now)

    def _what_is_to_see(self) -> tuple[object, ...]:
        """Everything that a look depends on: while it stays, nothing new is seen."""
        network = self.network
        standing = [
            (m.itself, m.left, m.stopped, m.host.dead, m.host.paused) for m in self.members.values()
        ]
        return network.conditions.cuts, frozenset(network.powered_off), standing

    def _look(self, observer: OracleMembership, subject: OracleMembership, now: float) -> None:
        view = observer.views.get(subject.name)
        if subject.left:
            self._change(observer, view, MemberState.LEFT, Left, "said goodbye")
        elif self._answers(subject) and self._reaches(observer, subject):
            self._reached(observer, subject, view, now)
        elif view is not None:
            silent = now - max(view.reached_at, self._settled_at)
            self._settled = self._settled and not view.member.is_alive
            reason = f"silent for {silent:.1f} s"
            if silent >= self.dead_seconds:
                self._change(observer, view, MemberState.DEAD, Died, reason)
            elif silent >= self.suspect_seconds:
                self._change(observer, view, MemberState.SUSPECT, Suspected, reason)

    def _reached(
        self, observer: OracleMembership, subject: OracleMembership, view: _View | None, now: float
    ) -> None:
        current = subject.itself
        if view is None or view.member.instance != current.instance:
            self._settled = False
            self._change(observer, view, MemberState.DEAD, Died, "restarted")
            observer.views[subject.name] = _View(current, now)
            self._soon(observer, Joined(current, "is here"))
            return
        view.reached_at = now
        if view.member is current:
            return
        before, view.member = view.member, current
        if before.state is MemberState.SUSPECT:
            self._soon(observer, Refuted(current, "answered"))
        elif before.state in (MemberState.DEAD, MemberState.LEFT):
            self._soon(observer, Joined(current, "is back"))
        elif before.meta != current.meta:
            self._soon(observer, Updated(current, "metadata"))

    def _change(
        self,
        observer: OracleMembership,
        view: _View | None,
        state: MemberState,
        event: type[MemberEvent],
        reason: str,
    ) -> None:
        if view is None or view.member.state is state or not view.member.is_alive:
            return
        view.member = msgspec.structs.replace(view.member, state=state)
        self.network.trace.add(observer.name, "membership", state.value, view.member.name)
        self._soon(observer, event(view.member, reason))

    def _soon(self, observer: OracleMembership, event: MemberEvent | UserEvent) -> None:
        observer.known = None
        self.network.loop.call_soon(observer.publish, event, context=observer.host.context)

    def _answers(self, subject: OracleMembership) -> bool:
        host = subject.host
        return not (subject.stopped or host.dead or host.paused or host in self.network.powered_off)

    def _reaches(self, one: OracleMembership, other: OracleMembership) -> bool:
        if self._linked(one.host, other.host):
            return True
        return any(
            self._answers(relay)
            and self._linked(one.host, relay.host)
            and self._linked(relay.host, other.host)
            for relay in self.members.values()
            if relay is not one and relay is not other
        )

    def _linked(self, one: VirtualHost, other: VirtualHost) -> bool:
        conditions = self.network.conditions
        return conditions.open(one, other) and conditions.open(other, one)


class OracleMembership(SimulatedMembership):
    """One member of an `OracleGroup`."""

    def __init__(
        self,
        group: OracleGroup,
        host: VirtualHost,
        name: str,
        address: str,
        meta: Meta,
        instance: int,
    ) -> None:
        super().__init__(group.network.loop, host, name)
        self.group = group
        self.itself = Member(name=name, address=address, instance=instance, meta=dict(meta))
        self.views: dict[str, _View] = {}
        self.left = False
        self.known: tuple[Member, ...] | None = None

    def members(self) -> tuple[Member, ...]:
        """Every member known, this node first."""
        if self.known is None:
            self.known = (self.itself, *(view.member for view in self.views.values()))
        return self.known

    def member(self, name: str) -> Member | None:
        """The member of that name, or None where it is unknown."""
        if name == self.name:
            return self.itself
        view = self.views.get(name)
        return None if view is None else view.member

    def update_meta(self, changes: Meta) -> None:
        """Merge `changes` into this node's metadata."""
        merged = {**self.itself.meta, **changes}
        meta = {key: value for key, value in merged.items() if value is not None}
        self.itself = msgspec.structs.replace(
            self.itself, meta=meta, incarnation=self.itself.incarnation + 1
        )
        self.known = None

    def broadcast(self, name: str, payload: bytes = b"") -> None:
        """Send a user event to every member."""
        self.group.broadcast(self.name, name, payload)

    def rtt(self, a: str, b: str) -> Rtt | None:
        """What the network's latency between the two comes to."""
        one, other = self.group.members.get(a), self.group.members.get(b)
        if one is None or other is None:
            return None
        latency = self.group.network.conditions.latency(one.host, other.host)
        return Rtt(2 * latency.base_seconds, latency.jitter_seconds)

    async def leave(self) -> None:
        """Say goodbye."""
        self.left = True
        self.finish()

    async def stop(self) -> None:
        """Go silent."""
        self.finish()
