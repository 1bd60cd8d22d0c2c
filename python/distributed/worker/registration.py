"""Knowing the managers of the datacenter and being known to them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from distributed.errors import PeerRefused, TransportError
from distributed.membership.events import Died, Event, EventsLost, Joined, Left, MemberEvent
from distributed.membership.interface import Membership
from distributed.membership.member import Member
from distributed.messages.base import Message
from distributed.messages.dispatch import (
    RegisterAgain,
    RegisterWorker,
    WorkerRegistered,
)
from distributed.messages.health import WorkerStatus
from distributed.supervision import Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .orphans import Orphans
from .state import WorkerState

REGISTER_AGAIN_INTERVALS = 10
"""After so many status intervals the registration is said again, with all that runs here."""
BUSY_REPEATS = 3
"""After so many status intervals a busy worker says again what has not changed."""

Action = Callable[[], Coroutine[Any, Any, None]]


class ManagerLink:
    """One manager as this worker knows it.

    Attributes:
        registered: whether it took this worker into its pool.
        intervals: how many passed since the registration.
        busy: whether something is on its way to it.
        told: the last status sent, without its number.
        refusal: why it would not take this worker, as was logged already.
        repeats: how many intervals had nothing newer.
        answered_at: clock seconds of its last sign of life.
        from_seed: kept although membership does not show it.
    """

    __slots__ = (
        "address",
        "answered_at",
        "busy",
        "from_seed",
        "gone",
        "intervals",
        "name",
        "refusal",
        "registered",
        "repeats",
        "told",
    )

    def __init__(self, address: str, now: float, *, from_seed: bool) -> None:
        self.address = Address(address)
        self.name = ""
        self.registered = False
        self.refusal = ""
        self.gone = False
        self.intervals = 0
        self.busy = False
        self.told: WorkerStatus | None = None
        self.repeats = 0
        self.answered_at = now
        self.from_seed = from_seed


class Registration:
    """Registers with every manager, tells each how things stand, and notices who is gone.

    A manager that membership knows is gone when membership says so; another one when it was
    silent for `manager_lost_seconds`.
    """

    def __init__(self, state: WorkerState, orphans: Orphans, membership: Membership | None) -> None:
        self._state = state
        self._orphans = orphans
        self._membership = membership
        self._links: dict[str, ManagerLink] = {}
        self._sequence = 0

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {RegisterAgain: self.register_again}

    @property
    def managers(self) -> tuple[tuple[str, str], ...]:
        """Name and address of every manager that this worker is registered with."""
        return tuple((link.name, link.address) for link in self._links.values() if link.registered)

    async def register_again(self, _: Context, message: Message) -> None:
        """A manager does not know this worker (any more)."""
        assert isinstance(message, RegisterAgain)
        self._know(message.manager_address)
        self._links[message.manager_address].registered = False

    def start(self) -> None:
        """Register with the seeds and follow membership."""
        self._state.spawn("registration", self.run, policy=Policy.RESTART)
        for address in self._state.settings.managers:
            self._know(address, from_seed=True)
        if self._membership is not None:
            for member in self._membership.members():
                self._member(member)
            self._state.spawn("watch-members", self._watch, policy=Policy.RESTART)

    def introduce(self, address: str) -> None:
        """Register with the manager at `address` too."""
        self._know(address, from_seed=True)

    async def announce_draining(self) -> None:
        """Tell every manager at once that no work is taken any more."""
        for link in self._links.values():
            if link.registered:
                await self._send_status(link, self.status())

    def _know(self, address: str, *, from_seed: bool = False) -> None:
        if address in self._links or not address:
            return
        link = ManagerLink(address, self._state.clock.now(), from_seed=from_seed)
        self._links[address] = link
        self._visit(link, self.status())

    async def run(self) -> None:
        """Stay registered with every manager known, until cancelled."""
        state = self._state
        while True:
            spread = 0.9 + 0.2 * state.rng.random()
            await state.clock.sleep(state.settings.status_interval_seconds * spread)
            status = self.status()
            for link in tuple(self._links.values()):
                if not link.busy:
                    self._visit(link, status)

    def _visit(self, link: ManagerLink, status: WorkerStatus) -> None:
        """Tell one manager what it should hear now."""
        if not link.registered or link.intervals >= REGISTER_AGAIN_INTERVALS:
            action = partial(self._register, link)
        else:
            link.intervals += 1
            if self._nothing_new(link, status):
                link.answered_at = self._state.clock.now()
                return
            action = partial(self._send_status, link, status)
        link.busy = not self._state.stopping
        self._state.spawn(
            f"manager:{link.address}", partial(self._alone, link, action), policy=Policy.ONCE
        )

    async def _alone(self, link: ManagerLink, action: Action) -> None:
        try:
            await action()
        finally:
            link.busy = False
        if not link.registered:
            self._notice_silence(link)

    async def _register(self, link: ManagerLink) -> None:
        state = self._state
        running = tuple(
            attempt.as_running_work()
            for record in state.records.values()
            for attempt in record.attempts.values()
        )
        message = RegisterWorker(
            state.name,
            state.identity.instance,
            state.identity.address,
            state.executor.slots,
            state.settings.memory_bytes,
            running,
            state.draining,
        )
        try:
            reply = await state.pool.request(
                link.address, message, timeout=state.settings.request_seconds
            )
        except PeerRefused as error:
            link.registered = False
            if link.refusal != error.reason:
                link.refusal = error.reason
                state.logger.bind(peer=link.address).warning(
                    "the manager refuses this worker: %s", error.reason
                )
            return
        except TransportError as error:
            link.registered = False
            state.logger.bind(peer=link.address).debug("registering failed: %s", error)
            return
        if not isinstance(reply, WorkerRegistered):
            state.logger.bind(peer=link.address).warning(
                "registering was answered with %s", type(reply).__name__
            )
            return
        if not link.registered:
            state.logger.bind(peer=link.address).info("registered with manager %s", reply.manager)
        self._answered(link, reply)

    def _answered(self, link: ManagerLink, reply: WorkerRegistered) -> None:
        link.registered, link.intervals, link.name = True, 0, reply.manager
        link.refusal = ""
        link.told = None
        link.answered_at = self._state.clock.now()
        if link.gone:
            link.gone = False
            self._orphans.manager_back(link.name)
        for _, address in reply.managers:
            self._know(address)

    async def _send_status(self, link: ManagerLink, status: WorkerStatus) -> None:
        self._sequence += 1
        numbered = msgspec.structs.replace(status, sequence=self._sequence)
        try:
            await self._state.pool.send(link.address, numbered)
            link.told, link.repeats = status, 0
            link.answered_at = self._state.clock.now()
        except TransportError:
            link.registered = False

    def _nothing_new(self, link: ManagerLink, status: WorkerStatus) -> bool:
        """Whether this interval may pass in silence.

        It may where the manager has the same from before, the connection stands, and
        membership watches over this worker. What a busy worker says is compared with what
        the manager gave it since, so it is said again now and then.
        """
        if self._membership is None or status != link.told:
            return False
        link.repeats += 1
        busy = status.free_cores != status.cores
        if busy and link.repeats >= BUSY_REPEATS:
            return False
        return self._state.pool.stands(link.address)

    def status(self) -> WorkerStatus:
        """How this worker stands; what is sent gets a number."""
        state = self._state
        executor = state.executor
        return WorkerStatus(
            state.name,
            state.identity.instance,
            0,
            executor.slots,
            executor.free_slots,
            state.attempts - executor.waiting,
            executor.waiting,
            overload=state.overload,
            draining=state.draining,
        )

    def _notice_silence(self, link: ManagerLink) -> None:
        """A manager that membership does not know is gone after a time of silence."""
        silent = self._state.clock.now() - link.answered_at
        if link.gone or silent < self._state.settings.manager_lost_seconds:
            return
        if self._membership is not None and link.name:
            member = self._membership.member(link.name)
            if member is not None and member.is_alive:
                return
        self._gone(link, f"silent for {silent:.1f} s")

    def _gone(self, link: ManagerLink, reason: str) -> None:
        link.gone, link.registered = True, False
        if link.name:
            self._orphans.manager_gone(link.name, reason)
        if not link.from_seed:
            self._links.pop(link.address, None)

    async def _watch(self) -> None:
        assert self._membership is not None
        async for event in self._membership.events():
            self._membership_event(event)

    def _membership_event(self, event: Event) -> None:
        if isinstance(event, EventsLost):
            for member in event.members:
                self._member(member)
        elif isinstance(event, MemberEvent) and event.member.role == "manager":
            if isinstance(event, Died | Left):
                self._member_gone(event.member, event.reason or event.kind)
            else:
                self._member(event.member)
                if isinstance(event, Joined):
                    self._fresh(event.member)

    def _member(self, member: Member) -> None:
        if member.role != "manager" or member.datacenter != self._state.identity.datacenter:
            return
        if member.is_alive:
            self._know(address_of(member))

    def _fresh(self, member: Member) -> None:
        """A manager came (back): it may know nothing of this worker."""
        link = self._links.get(address_of(member))
        if link is not None:
            link.registered = False

    def _member_gone(self, member: Member, reason: str) -> None:
        link = self._links.get(address_of(member))
        if link is not None:
            link.name = link.name or member.name
            self._gone(link, reason)
        else:
            self._orphans.manager_gone(member.name, reason)


def address_of(member: Member) -> str:
    """Where a member takes requests, "" where it does not say."""
    address = member.meta.get("addr")
    return address if isinstance(address, str) else ""
