"""Probing every datacenter's leading manager: is it there, how far is it, or is it us?"""

from __future__ import annotations

from distributed.errors import PeerRefused, TransportError
from distributed.health.correlation import PeerView
from distributed.health.federated import ProbeState
from distributed.messages.health import DatacenterHealth, ProbeDatacenter
from distributed.routing.knowledge import RoutingKnowledge
from distributed.types import Role

from .managers import Managers, ManagerView
from .state import GateState

TICK_SECONDS = 0.25


class Federation:
    """One gate's probes, and what it hears of the other gates."""

    def __init__(self, state: GateState, managers: Managers) -> None:
        self._state = state
        self._managers = managers

    @property
    def _knowledge(self) -> RoutingKnowledge:
        return self._managers.knowledge

    async def serve(self) -> None:
        """Probe until the node stops."""
        while True:
            self._hear_gates()
            for name in self._knowledge.names():
                self._step(name)
            await self._state.clock.sleep(TICK_SECONDS)

    def _step(self, name: str) -> None:
        probe = self._knowledge.datacenter(name).probe
        now = self._state.clock.now()
        if probe.tick(now):
            self._state.metrics.count("datacenter_reach_changes")
            self._state.logger.warning("datacenter %s is %s by probes", name, probe.reach.value)
        if not probe.due(now):
            return
        known = [view for view in self._managers.everyone() if view.datacenter == name]
        if not known:
            return
        leader = min(known, key=lambda view: (not view.alive, view.name))
        sequence = probe.sent(now)
        self._state.spawn_free("probe datacenter", lambda: self._probe(probe, leader, sequence))

    async def _probe(self, probe: ProbeState, leader: ManagerView, sequence: int) -> None:
        """Any answer counts, a refusal too: only silence is a missed probe."""
        state = self._state
        try:
            reply = await state.pool.request(
                leader.address,
                ProbeDatacenter(state.name, sequence),
                timeout=probe.timeout_seconds,
            )
        except PeerRefused:
            reply = None
        except TransportError as error:
            state.logger.debug("probe %d of %s: %s", sequence, leader.datacenter, error)
            return
        probe.acknowledged(sequence, state.clock.now())
        if isinstance(reply, DatacenterHealth):
            self._knowledge.status(reply.status, state.clock.now())

    def _hear_gates(self) -> None:
        membership = self._state.membership
        if membership is None:
            return
        gates = [m for m in membership.members() if m.role == Role.GATE.value]
        others = [member for member in gates if member.name != self._state.name]
        reachable = sum(member.state.value == "alive" for member in others)
        self._knowledge.peers = PeerView(peers=len(others), reachable=reachable)
