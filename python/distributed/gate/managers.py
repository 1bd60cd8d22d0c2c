"""The managers of every datacenter: found, registered with, listened to, given up.

One supervised task for each known address keeps a connection and the registration on it. A
connection that breaks and cannot be made again at once means that the manager is gone; so
does silence. Each status names the datacenter's other managers, which are kept in turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from distributed.errors import ShoalError
from distributed.health.capacity import STRAINED
from distributed.health.node import Action, NodeHealth, NodeRules, waiting_beside_free
from distributed.jobs.ownership import rank
from distributed.jobs.validation import DatacenterRoom
from distributed.messages.base import Done
from distributed.messages.health import ManagerRegistered, ManagerStatus, RegisterGate
from distributed.routing.candidate import Candidate
from distributed.routing.knowledge import RoutingKnowledge
from distributed.supervision import Policy
from distributed.transport.interface import Connection, Context, Handlers
from distributed.types import Address

from .state import GateState

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
MOST_ADDRESSES = 4096
"""Managers that are kept in touch with; beyond it the one that has been gone for longest goes."""
DOUBT_SHARE = 0.7
"""Of the silence after which a manager is given up: a datacenter whose managers all say nothing
for that long is in doubt. Unchanged statuses are 2 s old at most."""


class ManagerView:
    """One manager as this gate sees it; `health` holds its three signals."""

    __slots__ = (
        "address",
        "alive",
        "datacenter",
        "draining",
        "health",
        "heard_at",
        "instance",
        "lost_at",
        "lost_reason",
        "name",
    )

    def __init__(self, name: str, datacenter: str, address: Address, health: NodeHealth) -> None:
        self.name = name
        self.health = health
        self.datacenter = datacenter
        self.address = address
        self.instance = ""
        self.heard_at = 0.0
        self.alive = False
        self.draining = False
        self.lost_at = 0.0
        self.lost_reason = ""


class Managers:
    """The roster, by datacenter; `on_lost(name)` is told of each manager that is given up."""

    def __init__(self, state: GateState) -> None:
        self._state = state
        self._views: dict[str, ManagerView] = {}
        self._keepers: dict[Address, asyncio.Task[None]] = {}
        configured = state.settings.datacenters.values()
        self._configured = dict.fromkeys(Address(one) for some in configured for one in some)
        levels = state.settings.service_levels
        self.knowledge = RoutingKnowledge(
            probe_rules=state.settings.probes,
            slo_targets=levels if levels.enabled else None,
            doubt_seconds=DOUBT_SHARE * state.settings.manager_silence_seconds,
        )
        self.on_lost: Callable[[str, str], None] = lambda _name, _reason: None
        self._able: set[str] = set()
        self._news = asyncio.Event()
        for datacenter in state.settings.datacenters:
            self.knowledge.datacenter(datacenter)

    def handlers(self) -> Handlers:
        """What managers send."""
        return {ManagerStatus: self._status}

    def start(self) -> None:
        """Keep the configured managers, and through them the rest."""
        for address in self._configured:
            self._keep_address(address)

    def live(self, datacenter: str) -> tuple[ManagerView, ...]:
        """Managers there that answer and take work."""
        return tuple(v for v in self._views.values() if v.datacenter == datacenter and v.alive)

    def order(self, job_id: str, datacenter: str, *, first: str = "") -> tuple[ManagerView, ...]:
        """Live managers there in the order in which they may be asked to run a job.

        The one named `first`, then by hash; those that drain are left out while others are
        there, those that do not answer or get nothing done come last.
        """
        live = {view.name: view for view in self.live(datacenter)}
        names = rank(job_id, live)
        now = self._state.clock.now()
        actions = {name: live[name].health.signals(now).action for name in names}
        willing = [name for name in names if actions[name] is not Action.DRAIN] or names
        return tuple(
            live[name]
            for name in sorted(willing, key=lambda n: (actions[n] is not Action.ROUTE, n != first))
        )

    async def heard_of(self, datacenter: str) -> None:
        """Wait until a manager there has registered, but not for long: just after a start."""
        give_up_at = self._state.clock.now() + self._state.settings.request_timeout_seconds
        while not self.live(datacenter) and self._state.clock.now() < give_up_at:
            await self._state.clock.sleep(0.05)

    async def news(self, seconds: float) -> None:
        """Wait until a datacenter that could run nothing can, at most that long."""
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    def view(self, name: str) -> ManagerView | None:
        """One manager by name."""
        return self._views.get(name)

    def everyone(self) -> Iterable[ManagerView]:
        """Every manager known, lost ones too."""
        return self._views.values()

    def datacenters(self) -> tuple[str, ...]:
        """Every datacenter known, configured or reported."""
        return self.knowledge.names()

    def cut_off(self) -> bool:
        """Whether this gate takes itself for cut off while there are others to go to."""
        knowledge = self.knowledge
        return knowledge.peers.peers > 0 and knowledge.isolated(self._state.clock.now())

    def rooms(self) -> dict[str, DatacenterRoom]:
        """What each datacenter can hold, for judging submissions."""
        return {
            name: DatacenterRoom(candidate.largest_worker)
            for name, candidate in self.candidates().items()
        }

    def candidates(self) -> dict[str, Candidate]:
        """Every datacenter prepared for routing, by name."""
        found = self.knowledge.candidates(self._state.clock.now())
        return {candidate.name: candidate for candidate in found}

    def _count(self, datacenter: str) -> None:
        known = sum(view.datacenter == datacenter for view in self._views.values())
        self.knowledge.members(datacenter, live=len(self.live(datacenter)), known=known)

    def _keep_address(self, address: Address) -> None:
        if address in self._keepers or self._state.stopping:
            return
        if len(self._keepers) >= MOST_ADDRESSES and not self._forget_one():
            self._state.metrics.count("managers_unkept")
            return
        self._keepers[address] = self._state.supervisor.spawn(
            "keep manager", lambda: self._keep(address), policy=Policy.RESTART, peer=address
        )

    def _forget_one(self) -> bool:
        """Try no more for the manager that has been gone for longest; False where all are there.

        One whose address was given stays: it is how the others are found again.
        """
        views = {view.address: view for view in self._views.values()}
        gone = [a for a in self._keepers if a not in views or not views[a].alive]
        learnt = [address for address in gone if address not in self._configured]
        if not learnt:
            return False
        oldest = min(learnt, key=lambda a: views[a].lost_at if a in views else float("-inf"))
        self._keepers.pop(oldest).cancel("it has been gone for longest")
        if oldest in views:
            del self._views[views[oldest].name]
            self._count(views[oldest].datacenter)
        return True

    async def _keep(self, address: Address) -> None:
        pause = FIRST_PAUSE_SECONDS
        name = ""
        while True:
            reason = ""
            try:
                connection = await self._state.pool.connection(address)
                name = await self._register(connection, address)
                pause = FIRST_PAUSE_SECONDS
                reason = await self._until_lost(connection, name)
                if reason == "closed":
                    continue
            except ShoalError as error:
                reason = str(error)
            self._lost(name, reason)
            await self._state.clock.sleep(pause * (0.5 + self._state.rng.random()))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _register(self, connection: Connection, address: Address) -> str:
        state = self._state
        reply = await connection.request(
            RegisterGate(state.name, state.instance, state.address),
            timeout=state.settings.request_timeout_seconds,
        )
        if not isinstance(reply, ManagerRegistered):
            raise ShoalError(f"{address} answered a registration with {type(reply).__name__}")
        status = reply.status
        instance = connection.peer.instance
        view = self._views.get(status.name)
        if view is not None and view.alive and view.instance != instance:
            self._lost(status.name, "it restarted and has forgotten its jobs")
        if view is None or not view.alive:
            rules = NodeRules(silent_seconds=state.settings.manager_silence_seconds)
            health = NodeHealth(state.clock.now(), rules)
        if view is None:
            view = ManagerView(status.name, status.datacenter, address, health)
            self._views[status.name] = view
        elif not view.alive:
            view.health = health
        view.address = address
        view.instance = instance
        view.alive = True
        self._count(status.datacenter)
        self.take(status)
        self._state.logger.info("manager %s of %s is there", status.name, status.datacenter)
        return status.name

    async def _until_lost(self, connection: Connection, name: str) -> str:
        """Wait for the connection's end, or for silence on it."""
        closed = asyncio.Event()
        connection.on_close(lambda _reason: closed.set())
        silence = self._state.settings.manager_silence_seconds
        while not closed.is_set():
            view = self._views[name]
            left = view.heard_at + silence - self._state.clock.now()
            if left <= 0:
                await connection.close("no status came for too long")
                return f"it was silent for {silence:g} s"
            try:
                async with asyncio.timeout(left):
                    await closed.wait()
            except TimeoutError:
                continue
        return "closed"

    def _lost(self, name: str, reason: str) -> None:
        view = self._views.get(name)
        if view is None or not view.alive:
            return
        view.alive = False
        view.lost_at, view.lost_reason = self._state.clock.now(), reason
        self.knowledge.manager_lost(view.datacenter, name)
        if not self.live(view.datacenter):
            self._able.discard(view.datacenter)
        self._count(view.datacenter)
        self._state.metrics.count("managers_lost")
        self._state.logger.warning("manager %s is given up: %s", name, reason)
        self.on_lost(name, reason)

    def _status(self, context: Context, message: ManagerStatus) -> Done:
        if message.name in self._views:
            self.take(message)
        return Done()

    def _judge(self, status: ManagerStatus) -> None:
        """Wake who waits for a place, where this datacenter has workers and had none."""
        if not status.healthy_workers or status.draining:
            self._able.discard(status.datacenter)
        elif status.datacenter not in self._able:
            self._able.add(status.datacenter)
            self._news.set()

    def take(self, status: ManagerStatus) -> None:
        """A manager said how its datacenter stands, by itself or in answer to a probe."""
        view = self._views.get(status.name)
        if view is None:
            return
        now = self._state.clock.now()
        if self.knowledge.status(status, now):
            view.draining = status.draining
            view.health.reported(
                now,
                ready=not status.draining and status.overload not in STRAINED,
                held=waiting_beside_free(status.queued, status.free_cores),
                state=(status.queued, status.free_cores, status.jobs),
            )
        view.heard_at = now
        self._judge(status)
        for _, address in status.peers:
            self._keep_address(Address(address))
