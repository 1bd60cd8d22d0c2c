"""A member of a cluster, for a service that embeds it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import TracebackType
from typing import Any, Self, Unpack
from weakref import WeakSet

from distributed import _native
from distributed.clock import Clock, SystemClock
from distributed.errors import ClosedError, ConfigError, JoinError

from .arguments import NodeArguments
from .events import DiedForJob, Event, RefutedForJob, SuspectedForJob, UserEvent
from .keyring import Keyring
from .member import Member, Meta, Rtt, encode_meta
from .notices import EVENTS, member_of
from .options import NodeOptions
from .reach import Reach
from .reader import Reader
from .resolve import resolve_all
from .subscription import Subscription

FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 10.0


class Node:
    """One membership of this process, run by the agent's thread.

    The thread answers probes whatever Python does: a busy event loop makes this node
    *degraded* in the eyes of the others, never dead. All calls belong to the event loop that
    made the node. Raises `ForkedError` in a child forked after it was made.

    SWIM (Das et al., DSN 2002) with Lifeguard (Dadgar et al., DSN 2018).
    """

    def __init__(self, options: NodeOptions, native: _native.Membership, reader: Reader) -> None:
        self._options = options
        self._native = native
        self._reader = reader
        self._meta: Meta = options.meta
        self._version = 0
        self._members: tuple[Member, ...] = ()
        self._by_name: dict[str, Member] = {}
        self._subscriptions: WeakSet[Subscription] = WeakSet()
        self._requests: set[int] = set()
        self._closed = False
        self.keyring = Keyring(native)
        reader.listen(native.id, self)

    @classmethod
    def join(cls, clock: Clock | None = None, **arguments: Unpack[NodeArguments]) -> Joining:
        """Open a member and join through its seeds: ``async with`` it, or ``await`` it.

        Takes the fields of `NodeOptions`. Leaving the ``async with`` block says goodbye.

        Raises:
            ConfigError: an argument cannot be used; says which and what would mend it.
            JoinError: no seed let us in; says why for each.
        """
        return Joining(cls.start(clock, **arguments))

    @classmethod
    async def start(cls, clock: Clock | None = None, **arguments: Unpack[NodeArguments]) -> Self:
        """As `join`, for those who stop the node themselves."""
        options = NodeOptions(**arguments)
        addresses, failures = await resolve_all(options.seeds)
        reader = Reader.acquire()
        try:
            towards = addresses[0] if addresses else None
            native = _native.Membership(reader.port, options.native(towards))
        except BaseException:
            reader.release()
            raise
        node = cls(options, native, reader)
        try:
            await node._enter(addresses, failures, clock or SystemClock())
        except BaseException:
            await node.stop()
            raise
        return node

    @property
    def name(self) -> str:
        """This node's own name."""
        return self._options.name

    @property
    def address(self) -> str:
        """Where others reach this node, ``host:port`` for UDP and TCP."""
        return self._native.advertise

    @property
    def bound(self) -> str:
        """What is bound here, ``host:port``."""
        return self._native.bound

    @property
    def local(self) -> Member:
        """This node as the others see it."""
        return self.members()[0]

    def members(self) -> tuple[Member, ...]:
        """Every member known, this node first, the gone that are remembered included."""
        if self._native.version != self._version:
            self._version, raw = self._native.members()
            self._members = tuple(map(member_of, raw))
            self._by_name = {member.name: member for member in self._members}
        return self._members

    def member(self, name: str) -> Member | None:
        """The member of that name, or None where it is unknown or forgotten."""
        self.members()
        return self._by_name.get(name)

    def events(self) -> Subscription:
        """What happens from this call on; ends when the node stops."""
        subscription = Subscription(self.members)
        if self._closed:
            subscription.stop()
        else:
            self._subscriptions.add(subscription)
        return subscription

    def update_meta(self, changes: Meta) -> None:
        """Merge ``changes`` into the metadata and tell everyone; None removes a key.

        Raises:
            ConfigError: the metadata would exceed 512 bytes encoded; nothing changed.
        """
        self._check_open()
        merged = {**self._meta, **changes}
        meta = {key: value for key, value in merged.items() if value is not None}
        self._native.update_meta(encode_meta(meta))
        self._meta = meta

    def broadcast(self, name: str, payload: bytes = b"") -> None:
        """Send a user event to every member, this one included, at most once each.

        Raises:
            ConfigError: name and payload together exceed 512 bytes.
        """
        self._check_open()
        self._native.broadcast(name, payload)

    def rtt(self, a: str, b: str) -> Rtt | None:
        """Estimated round trip between two members (Vivaldi, Dabek et al., SIGCOMM 2004).

        None where either has no coordinate yet.
        """
        self._check_open()
        estimate = self._native.rtt(a, b)
        return None if estimate is None else Rtt(*estimate)

    def rtts(self) -> dict[str, float]:
        """Estimated round trips from this node by member, in seconds."""
        self._check_open()
        return self._native.rtts(self.name)

    async def reach(self, name: str, timeout_seconds: float = 2.0) -> Reach:
        """Test the way to a member by UDP and by TCP, each on its own.

        Raises:
            ConfigError: no member of that name.
        """
        self._check_open()
        member = self.member(name)
        if member is None:
            raise ConfigError(f"no member is named {name}", field="name")
        answer = await self._reader.loop.run_in_executor(
            None, self._native.reach, member.address, member.instance, timeout_seconds
        )
        return Reach(name, *answer)

    def stats(self) -> dict[str, int]:
        """Every counter and gauge by name, at this moment.

        ``loop_stalls`` counts silences of the event loop beyond 1.25 s, ``gil_stalls`` waits
        for the interpreter lock beyond 250 ms meanwhile: whether a slow call blocked the loop
        or a call into C kept everybody out.
        """
        self._check_open()
        loop, loop_longest, gil, gil_longest = self._reader.port.stalls()
        return self._native.figures() | {
            "loop_stalls": loop,
            "loop_stall_longest_ms": round(loop_longest * 1e3),
            "gil_stalls": gil,
            "gil_wait_longest_ms": round(gil_longest * 1e3),
        }

    def suspect_for_job(self, job: str, node: str) -> None:
        """Start suspecting ``node`` for ``job`` alone: job-level communication is overdue.

        It is dead for the job after `job_max_seconds`, sooner where others confirm.
        """
        if self._native.suspect_for_job(job, node) and (member := self.member(node)):
            self._publish(SuspectedForJob(member, f"overdue at {self.name}", job))

    def confirm_for_job(self, job: str, node: str, confirmer: str) -> None:
        """``confirmer`` independently finds ``node`` silent for ``job``: brings expiry closer."""
        self._native.confirm_for_job(job, node, confirmer)

    def refute_for_job(self, job: str, node: str) -> None:
        """``node`` answered for ``job``: drops the suspicion and forgets a job-layer death."""
        if self._native.refute_for_job(job, node) and (member := self.member(node)):
            self._publish(RefutedForJob(member, "answered", job))

    def extend_for_job(self, job: str, node: str, progress: int, reason: str) -> bool:
        """Give a suspect more time, if ``progress`` rose since it was last reported."""
        return self._native.extend_for_job(job, node, progress, reason)

    def end_job(self, job: str) -> None:
        """Drop every suspicion and death of that job."""
        self._native.end_job(job)

    def is_alive_for_job(self, job: str, node: str) -> bool:
        """Whether ``node`` is alive and neither suspected nor dead for ``job``."""
        member = self.member(node)
        return member is not None and member.is_alive and self._native.is_well_for_job(job, node)

    async def leave(self) -> None:
        """Say goodbye so that nobody takes the silence for a failure, then stop."""
        if not self._closed:
            try:
                await self._ask(self._native.leave)
            finally:
                await self.stop()

    async def stop(self) -> None:
        """Go silent without a goodbye and free the port; idempotent. ``events()`` ends."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._ask(self._native.stop)
        finally:
            self._end()
            self._reader.forget(self._native.id)
            self._reader.release()

    def hear(self, kind: str, *values: Any) -> None:
        """Take one notice from the agent."""
        if kind == "user_event":
            name, payload, lamport, origin = values
            self._publish(UserEvent(name, payload, lamport, origin))
        elif kind == "lost":
            for subscription in list(self._subscriptions):
                subscription.lose(*values)
        elif kind == "job_death":
            job, node, reason = values
            if accused := self.member(node):
                self._publish(DiedForJob(accused, reason, job))
        elif kind == "stopped":
            self._end()
        elif event_type := EVENTS.get(kind):
            member, reason = values
            self._publish(event_type(member_of(member), reason))

    def _end(self) -> None:
        """Nothing more will come: nobody is left waiting."""
        self._reader.abandon(self._requests)
        for subscription in list(self._subscriptions):
            subscription.stop()

    def _publish(self, event: Event) -> None:
        for subscription in list(self._subscriptions):
            subscription.push(event)

    async def _enter(self, addresses: list[str], failures: dict[str, str], clock: Clock) -> None:
        deadline = clock.now() + self._options.join_retry_seconds
        pause = FIRST_RETRY_SECONDS
        while True:
            others = [address for address in addresses if address != self.address]
            if not others and (addresses or not failures):
                return
            if others:
                outcome = await self._ask(partial(self._native.join, others))
                if isinstance(outcome, str):
                    return
                failures |= outcome
            if clock.now() + pause > deadline:
                raise JoinError(failures)
            await clock.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)
            addresses, failures = await resolve_all(self._options.seeds)

    async def _ask(self, request: Callable[[int], None]) -> Any:
        number, reply = self._reader.request()
        self._requests.add(number)
        try:
            request(number)
            return await reply
        finally:
            reply.cancel()
            self._requests.discard(number)

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError(f"member {self.name} has stopped")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.leave()


class Joining(Coroutine[Any, Any, "Node"]):
    """A node on its way in: to be awaited, entered, or made a task, once."""

    def __init__(self, start: Coroutine[Any, Any, Node]) -> None:
        self._start = start
        self._node: Node | None = None

    def __await__(self) -> Generator[Any, None, Node]:
        return self._start.__await__()

    def send(self, value: Any, /) -> Any:
        return self._start.send(value)

    def throw(self, *raised: Any) -> Any:
        return self._start.throw(*raised)

    def close(self) -> None:
        self._start.close()

    async def __aenter__(self) -> Node:
        self._node = await self
        return self._node

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._node is not None:
            await self._node.leave()
