"""Probing every datacenter's leading manager: is it there, how far is it, or is it us?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from distributed.errors import PeerRefused, TransportError
from distributed.health.correlation import PeerView
from distributed.health.federated import ProbeState
from distributed.membership.member import Member
from distributed.messages.health import DatacenterHealth, ProbeDatacenter
from distributed.routing.knowledge import RoutingKnowledge
from distributed.types import Role

from .managers import Managers, ManagerView
from .state import GateState

UNHEARD = "unheard"
"""Key of a gate's metadata: the datacenters that it does not hear, by name."""
UNHEARD_BYTES = 200
"""A longer list is not told: other gates then take nothing from this one's silence."""
TELL_SECONDS = 2.0
"""Least time between two changes of what other gates are told."""


class Federation:
    """One gate's probes, what it hears of the other gates, and what it tells them."""

    def __init__(self, state: GateState, managers: Managers) -> None:
        self._state = state
        self._managers = managers
        self._cut_off = False
        self._told = ""
        self._told_at = float("-inf")

    @property
    def _knowledge(self) -> RoutingKnowledge:
        return self._managers.knowledge

    async def serve(self) -> None:
        """Probe until the node stops; what is known is judged anew at each step."""
        rules = self._state.settings.probes
        while True:
            now = self._state.clock.now()
            self._hear_gates()
            turns = [self._step(name, now) for name in self._knowledge.names()]
            self._knowledge.candidates(now)
            self._judge_itself(now)
            self._tell_gates(now)
            turn = max(0.0, min(turns, default=float("inf")) - now)
            await self._state.clock.sleep(min(rules.tick_seconds, turn + rules.gather_seconds))

    def _step(self, name: str, now: float) -> float:
        """Probe a datacenter if it is its turn; when that is next, never where nobody is known."""
        probe = self._knowledge.datacenter(name).probe
        if probe.tick(now):
            self._state.metrics.count("datacenter_reach_changes")
            self._state.logger.warning("datacenter %s is %s by probes", name, probe.reach.value)
        known = [view for view in self._managers.everyone() if view.datacenter == name]
        if not known:
            return float("inf")
        leader = min(known, key=lambda view: (not view.alive, view.name))
        if leader.alive:
            probe.led_by(leader.name)
        if probe.due(now):
            sequence = probe.sent(now)
            self._state.spawn_free("probe datacenter", lambda: self._probe(probe, leader, sequence))
        return probe.turn_at

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
            self._managers.take(reply.status)

    def _hear_gates(self) -> None:
        membership = self._state.membership
        if membership is None:
            return
        gates = [m for m in membership.members() if m.role == Role.GATE.value]
        others = [m for m in gates if m.name != self._state.name and m.state.value != "left"]
        heard = [member for member in others if member.state.value == "alive"]
        self._knowledge.peers = PeerView(
            peers=len(others),
            reachable=len(heard),
            reached_by=reached_by(heard, self._knowledge.names()),
        )
        self._measure(heard)

    def _measure(self, heard: Iterable[Member]) -> None:
        """Another gate's coordinates tell how far its datacenter is, before any probe does."""
        membership = self._state.membership
        assert membership is not None
        names = self._knowledge.names()
        for member in heard:
            datacenter = member.datacenter
            if datacenter is None or datacenter not in names:
                continue
            rtt = membership.rtt(membership.name, member.name)
            if rtt is not None:
                self._knowledge.round_trip(datacenter, rtt.seconds, rtt.error_seconds)

    def _judge_itself(self, now: float) -> None:
        reading = self._knowledge.reading(now)
        if reading.isolated == self._cut_off:
            return
        self._cut_off = reading.isolated
        if reading.isolated:
            self._state.metrics.count("gate_isolations")
            self._state.logger.warning("this gate takes itself for cut off: %s", reading.reason)
        else:
            self._state.logger.info("this gate is cut off no longer: %s", reading.reason)

    def _tell_gates(self, now: float) -> None:
        membership = self._state.membership
        unheard = ",".join(self._knowledge.unheard())
        if membership is None or unheard == self._told or now - self._told_at < TELL_SECONDS:
            return
        self._told, self._told_at = unheard, now
        told = unheard if len(unheard.encode()) <= UNHEARD_BYTES else "*"
        membership.update_meta({UNHEARD: told or None})


def reached_by(gates: Iterable[Member], datacenters: Iterable[str]) -> dict[str, int]:
    """For each datacenter, how many of these gates do not say that they miss it.

    A gate that misses too many to name them says `*` and vouches for none.
    """
    missed: Counter[str] = Counter()
    vouching = 0
    for gate in gates:
        told = str(gate.meta.get(UNHEARD, ""))
        if told != "*":
            vouching += 1
            missed.update(told.split(","))
    return {name: vouching - missed[name] for name in datacenters}
