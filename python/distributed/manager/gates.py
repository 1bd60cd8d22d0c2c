"""Gates that want to know how this datacenter stands."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec

from distributed.errors import TransportError
from distributed.messages.base import Message
from distributed.messages.health import (
    DatacenterHealth,
    ManagerRegistered,
    ManagerStatus,
    ProbeDatacenter,
    RegisterGate,
)
from distributed.reliability.overload import Overload
from distributed.supervision import Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .backpressure import Backpressure
from .pace import Pace
from .roster import Roster
from .state import ManagerState

QUIET_SECONDS = 1.5
"""How old an unchanged status may become: gates give a silent manager up after three times
that."""


class GateLink:
    """A gate that registered, until it fails to take status messages."""

    __slots__ = ("address", "busy", "failures", "name", "told", "told_at")

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = Address(address)
        self.failures = 0
        self.busy = False
        self.told: ManagerStatus | None = None
        self.told_at = float("-inf")


class Gates:
    """Registers gates, answers their probes, and sends each the status at one interval."""

    def __init__(
        self, state: ManagerState, roster: Roster, backpressure: Backpressure, pace: Pace
    ) -> None:
        self._state = state
        self._pace = pace
        self._backpressure = backpressure
        self._roster = roster
        self._links: dict[str, GateLink] = {}
        self._sequence = 0

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {RegisterGate: self.register, ProbeDatacenter: self.probe}

    async def register(self, _: Context, message: Message) -> Message:
        """Send the status there from now on."""
        assert isinstance(message, RegisterGate)
        link = self._links.get(message.name)
        if link is None or link.address != message.address:
            link = self._links[message.name] = GateLink(message.name, message.address)
        link.failures = 0
        return ManagerRegistered(self.status())

    async def probe(self, _: Context, message: Message) -> Message:
        """How the datacenter is, as seen from here."""
        assert isinstance(message, ProbeDatacenter)
        return DatacenterHealth(self._state.datacenter, message.sequence, self.status())

    def status(self) -> ManagerStatus:
        """The datacenter as this manager sees it; capacity counts each worker once."""
        state = self._state
        allocation = state.allocation
        self._sequence += 1
        queued = self._pace.queued
        healthy = sum(1 for slots in allocation.workers.values() if slots.standing == 0)
        return ManagerStatus(
            state.name,
            state.datacenter,
            state.identity.address,
            self._sequence,
            workers=len(state.seats),
            healthy_workers=healthy,
            cores=allocation.cores,
            free_cores=allocation.free,
            queued=queued,
            jobs=len(state.records),
            dispatch_rate=self._pace.rate,
            expected_wait_seconds=self._pace.wait_seconds(queued),
            overload=self._overload().label,
            pressure=self._backpressure.level.label,
            draining=state.draining,
            largest_worker=allocation.largest,
            worker_facts=tuple(
                seat.status for seat in state.seats.values() if seat.status is not None
            ),
            peers=self._roster.peers(),
            departures=state.departed(),
            core_rate=self._pace.core_rate,
        )

    def _overload(self) -> Overload:
        """The worse of this node's own and of its workers' together."""
        facts = [seat.status for seat in self._state.seats.values() if seat.status is not None]
        bad = sum(1 for status in facts if status.overload == "overloaded")
        workers = Overload.HEALTHY
        if facts and bad * 2 >= len(facts):
            workers = Overload.OVERLOADED
        elif any(status.overload != "healthy" for status in facts):
            workers = Overload.BUSY
        return max(workers, self._state.load.level)

    async def run(self) -> None:
        """Send the status to each gate to which it is news, until cancelled."""
        state = self._state
        while True:
            await self._interval()
            if not self._links:
                continue
            status = self.status()
            for link in self._links.values():
                if not link.busy and not self._nothing_new(link, status):
                    link.busy = True
                    state.spawn(
                        f"gate:{link.name}", partial(self._tell, link, status), policy=Policy.ONCE
                    )

    async def _interval(self) -> None:
        """Wait for the next status: it is due at once when the first worker comes."""
        state = self._state
        try:
            async with asyncio.timeout(state.settings.status_interval_seconds):
                await state.peopled.wait()
        except TimeoutError:
            return
        finally:
            state.peopled.clear()

    async def _tell(self, link: GateLink, status: ManagerStatus) -> None:
        try:
            await self._state.pool.send(link.address, status)
            link.failures = 0
            link.told, link.told_at = status, self._state.clock.now()
        except TransportError:
            link.failures += 1
            given_up = link.failures >= self._state.settings.gate_forget_failures
            if given_up and self._links.get(link.name) is link:
                del self._links[link.name]
        finally:
            link.busy = False

    def _nothing_new(self, link: GateLink, status: ManagerStatus) -> bool:
        """Whether the gate has the same, said so lately that it need not hear it again yet."""
        told = link.told
        if told is None or self._state.clock.now() - link.told_at >= QUIET_SECONDS:
            return False
        unnumbered = msgspec.structs.replace(
            status, sequence=told.sequence, departures=told.departures
        )
        news = len(status.departures) != len(told.departures)
        return unnumbered == told and not news and self._state.pool.stands(link.address)
