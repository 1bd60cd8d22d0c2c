"""Members, coordinates and native counters: the same for every role, and without one."""

from __future__ import annotations

from collections.abc import Callable

from distributed.clock import Clock
from distributed.membership.interface import Membership
from distributed.membership.member import Member

from .draw.layout import place, strain
from .member_watch import SPAN_SECONDS, MemberWatch
from .models import Coordinates, MemberLine, Members, Native, Place

MOST_PLACES = 40
MAP_SECONDS = 10.0
GROUPS = {
    "Datagrams": ("datagrams_", "bytes_", "receive_calls"),
    "Streams": ("stream",),
    "Probes": ("probe", "relayed"),
    "Suspicion": ("suspicions_", "deaths_", "refutations", "suspects", "health_score"),
    "Membership": ("members", "gone", "gossip_queue", "sync"),
    "Timing wheel": ("wheel_", "timer"),
    "Python as the agent sees it": ("loop_", "gil_"),
}
DROPPED = "dropped_"
LEVEL, LEVELS = "wheel_level_", 9


class MembershipSource:
    """The pages over one membership; `stats` gives the native counters by name."""

    def __init__(
        self,
        membership: Membership,
        watch: MemberWatch,
        clock: Clock,
        stats: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self._membership = membership
        self._watch = watch
        self._clock = clock
        self._stats = stats
        self._map: tuple[float, Coordinates] | None = None

    def members(self) -> Members:
        """Everybody, this node first."""
        return Members(
            members=tuple(map(self._line, self._membership.members())),
            happenings=self._watch.happenings(),
            events_lost=self._watch.events_lost,
            span_seconds=SPAN_SECONDS,
        )

    def _line(self, member: Member) -> MemberLine:
        own = self._membership.name
        rtt = self._membership.rtt(own, member.name) if member.name != own else None
        return MemberLine(
            name=member.name,
            address=member.address,
            state=member.state.value,
            role=member.role or "",
            datacenter=member.datacenter or "",
            incarnation=member.incarnation,
            instance=f"{member.instance:x}",
            degraded=member.degraded,
            rtt_seconds=rtt.seconds if rtt else None,
            rtt_error_seconds=rtt.error_seconds if rtt else None,
            meta={key: str(value) for key, value in member.meta.items()},
            reason=self._watch.reason(member.name),
            timeline=self._watch.timeline(member.name),
        )

    def coordinates(self) -> Coordinates:
        """The map, worked out anew every ten seconds at most; of forty members at most."""
        now = self._clock.now()
        if self._map is None or now - self._map[0] >= MAP_SECONDS:
            self._map = now, self._laid_out()
        return self._map[1]

    def _laid_out(self) -> Coordinates:
        alive = [member for member in self._membership.members() if member.is_alive]
        shown = alive[:MOST_PLACES]
        distances: dict[tuple[int, int], float] = {}
        for i, one in enumerate(shown):
            for j in range(i + 1, len(shown)):
                rtt = self._membership.rtt(one.name, shown[j].name)
                if rtt is not None:
                    distances[i, j] = rtt.seconds * 1000
        known = {index for pair in distances for index in pair}
        spots = place(len(shown), distances)
        own = self._membership.name
        places = []
        for index, member in enumerate(shown):
            if index not in known:
                continue
            rtt = self._membership.rtt(own, member.name) if member.name != own else None
            places.append(
                Place(
                    name=member.name,
                    role=member.role or "",
                    datacenter=member.datacenter or "",
                    x=round(spots[index][0], 4),
                    y=round(spots[index][1], 4),
                    rtt_seconds=rtt.seconds if rtt else None,
                    error_seconds=rtt.error_seconds if rtt else None,
                )
            )
        return Coordinates(
            places=tuple(places),
            strain=strain(spots, distances),
            unplaced=tuple(m.name for i, m in enumerate(shown) if i not in known),
            left_out=len(alive) - len(shown),
        )

    def native(self) -> Native:
        """Counters in groups, each in one only."""
        stats = dict(self._stats())
        dropped = {
            name.removeprefix(DROPPED): stats.pop(name)
            for name in list(stats)
            if name.startswith(DROPPED)
        }
        wheel = tuple(stats.pop(f"{LEVEL}{level}_slots", 0) for level in range(LEVELS))
        groups: dict[str, dict[str, int]] = {}
        for group, prefixes in GROUPS.items():
            held = {name: stats.pop(name) for name in list(stats) if name.startswith(prefixes)}
            if held:
                groups[group] = held
        if stats:
            groups["Other"] = stats
        return Native(
            groups=groups, dropped=dropped, wheel=wheel, events_lost=self._watch.events_lost
        )
