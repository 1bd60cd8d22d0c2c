"""The workers of the datacenter: who is in the pool, how well, and what their end means."""

from __future__ import annotations

from distributed.health.node import waiting_beside_free
from distributed.jobs.allocation import Standing, WorkerSlots
from distributed.membership.events import (
    Degraded,
    Died,
    Event,
    EventsLost,
    Left,
    MemberEvent,
    Recovered,
    Suspected,
)
from distributed.membership.member import Member
from distributed.messages.base import Message
from distributed.messages.dispatch import RegisterAgain, RegisterWorker, WorkerRegistered
from distributed.messages.health import Departure, WorkerStatus
from distributed.transport.interface import Context, Handlers

from .lifecycle import Lifecycle
from .reconcile import Reconcile
from .record import Entry, JobRecord
from .scheduling import Scheduler
from .state import ManagerState
from .worker_seat import WorkerSeat

LISTEN_SECONDS = 1.0
"""Between two looks for workers that fell silent."""


class Roster:
    """Takes workers in, judges their standing, and loses what they had when they go.

    Membership says who died; a worker that it does not know counts as dead after
    `worker_lost_seconds` of silence. A registration under another instance is a restart: what
    the old process had is lost, save what the new one reports.
    """

    def __init__(
        self,
        state: ManagerState,
        lifecycle: Lifecycle,
        scheduler: Scheduler,
        reconcile: Reconcile,
    ) -> None:
        self._state = state
        self._lifecycle = lifecycle
        self._scheduler = scheduler
        self._reconcile = reconcile
        self._listen_at = 0.0
        self._members: tuple[Member, ...] = ()
        self._peers: tuple[tuple[str, str], ...] = ()

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {RegisterWorker: self.register, WorkerStatus: self.status}

    async def register(self, _: Context, message: Message) -> Message:
        """Join the pool; what runs there already is taken into account."""
        assert isinstance(message, RegisterWorker)
        seat = self._state.seats.get(message.name)
        if seat is not None and seat.slots.instance != message.instance:
            self.remove(seat, "it restarted", certain=True)
            seat = None
        if seat is None:
            seat = self._seat(message)
        seat.heard_at = self._state.clock.now()
        seat.draining = message.draining
        self._reconcile.registered(seat, message.running)
        self.judge(seat)
        self._scheduler.wake()
        return WorkerRegistered(
            self._state.name, self.peers(), self._state.settings.status_interval_seconds
        )

    def status(self, context: Context, message: Message) -> None:
        """How a worker stands now; one that is not in the pool is asked to register."""
        assert isinstance(message, WorkerStatus)
        seat = self._state.seats.get(message.name)
        if seat is None or seat.slots.instance != message.instance:
            identity = self._state.identity
            again = RegisterAgain(identity.name, identity.address)
            context.connection.try_send(again)
            return
        if seat.status is not None and message.sequence <= seat.status.sequence:
            return
        now = seat.heard_at = self._state.clock.now()
        seat.status = message
        seat.draining = message.draining
        seat.health.reported(
            now,
            ready=not message.draining and message.overload != "overloaded",
            held=waiting_beside_free(message.queued, message.free_cores),
            state=(message.queued, message.free_cores, message.running),
        )
        others = message.cores - message.free_cores - seat.slots.bound
        seat.slots.foreign = max(0, others) if self.peers() else 0
        self.judge(seat)
        self._scheduler.wake()

    def judge(self, seat: WorkerSeat) -> bool:
        """Set how willingly the worker is chosen; whether it is at all."""
        overload = seat.status.overload if seat.status is not None else "healthy"
        standing = Standing.HEALTHY
        if (
            seat.draining
            or seat.suspect
            or overload == "overloaded"
            or seat.shut_until > self._state.clock.now()
        ):
            standing = Standing.SHUT
        elif seat.degraded or not seat.health.signals(self._state.clock.now()).progressing:
            standing = Standing.DEGRADED
        elif overload != "healthy":
            standing = Standing.BUSY
        seat.slots.standing = standing
        return standing is not Standing.SHUT

    def remove(
        self, seat: WorkerSeat, reason: str, *, died: bool = True, certain: bool = False
    ) -> None:
        """The worker is gone, with everything it had; `certain` where its process has ended.

        One that fell silent may only be cut off, and run on.
        """
        seat.gone = True
        self._state.seats.pop(seat.name, None)
        self._state.allocation.workers.pop(seat.name, None)
        lost = list(seat.slots.bindings)
        self._state.logger.bind(peer=seat.name).warning(
            "worker %s is gone (%s) with %d dispatches", seat.name, reason, len(lost)
        )
        self._state.metrics.count("workers_lost")
        departure = Departure(seat.name, reason, 0.0, died, len(lost))
        self._state.departures.append((self._state.clock.now(), departure))
        unsent = {given[2].dispatch_id for given in seat.outgoing}
        seat.outgoing.clear()
        for binding in lost:
            record = binding.holder
            assert isinstance(record, JobRecord)
            entry = binding.tag
            assert isinstance(entry, Entry)
            if binding.dispatch_id in unsent:
                self._lifecycle.refused(record, entry, binding.dispatch_id)
            else:
                text = f"worker {seat.name} is gone: {reason}"
                blamed = died and binding.bound
                self._lifecycle.lose(record, entry, text, worker_died=blamed, adrift=not certain)

    def sweep(self) -> None:
        """Open workers whose pause is over, drop those that fell silent."""
        now = self._state.clock.now()
        listen = now >= self._listen_at
        if listen:
            self._listen_at = now + LISTEN_SECONDS
        for seat in list(self._state.seats.values()):
            silent = now - seat.heard_at
            lost = listen and silent > self._state.settings.worker_lost_seconds
            if lost and not self._vouched(seat):
                self.remove(seat, f"silent for {silent:.1f} s")
            elif seat.slots.standing is Standing.SHUT and self.judge(seat):
                self._scheduler.wake()

    async def watch(self) -> None:
        """Follow membership until it stops."""
        membership = self._state.membership
        assert membership is not None
        async for event in membership.events():
            self.member_event(event)

    def member_event(self, event: Event) -> None:
        """Take one event of membership into account."""
        if isinstance(event, EventsLost):
            alive = {member.name for member in event.members if member.is_alive}
            for known in list(self._state.seats.values()):
                if known.name not in alive and self._known(known.name):
                    self.remove(known, "membership lists it as dead")
            return
        if not isinstance(event, MemberEvent):
            return
        seat = self._state.seats.get(event.member.name)
        if seat is None:
            return
        if isinstance(event, Died | Left):
            left = isinstance(event, Left)
            self.remove(seat, event.reason or event.kind, died=not left, certain=left)
            return
        seat.suspect = isinstance(event, Suspected)
        if isinstance(event, Degraded | Recovered):
            seat.degraded = isinstance(event, Degraded)
        self.judge(seat)
        self._scheduler.wake()

    def peers(self) -> tuple[tuple[str, str], ...]:
        """The other managers of this datacenter, as membership shows them."""
        membership = self._state.membership
        if membership is None:
            return ()
        members = membership.members()
        if members is not self._members:
            self._members, self._peers = members, self._peers_among(members)
        return self._peers

    def _peers_among(self, members: tuple[Member, ...]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (member.name, str(member.meta.get("addr", "")))
            for member in members
            if member.is_alive
            and member.role == "manager"
            and member.datacenter == self._state.datacenter
            and member.name != self._state.name
        )

    def _seat(self, message: RegisterWorker) -> WorkerSeat:
        slots = WorkerSlots(message.name, message.instance, message.cores, message.memory_bytes)
        seat = WorkerSeat(message, slots, self._state.clock.now())
        if not self._state.seats:
            self._state.peopled.set()
        self._state.seats[message.name] = seat
        self._state.allocation.workers[message.name] = slots
        self._state.logger.bind(peer=message.name).info(
            "worker %s at %s joins with %d cores", message.name, message.address, message.cores
        )
        return seat

    def _known(self, name: str) -> bool:
        membership = self._state.membership
        return membership is not None and membership.member(name) is not None

    def _vouched(self, seat: WorkerSeat) -> bool:
        """Whether membership holds it alive, whatever its silence here."""
        membership = self._state.membership
        member = membership.member(seat.name) if membership is not None else None
        return member is not None and member.is_alive
