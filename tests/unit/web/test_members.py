"""What a membership's events leave on the Members and Coordinates pages."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

from distributed.membership.events import Died, Event, EventsLost, Joined, Suspected
from distributed.membership.member import Member, MemberState, Rtt
from distributed.web.draw.layout import place, strain
from distributed.web.member_source import MembershipSource
from distributed.web.member_watch import MemberWatch

from .test_live import HandClock

REASON = "suspect for 3006 ms at multiplier 2, accused by a, confirmed by c"


class FakeMembership:
    """Members of a test, on a line ten milliseconds apart."""

    name = "a"

    def __init__(self, *members: Member) -> None:
        self.known = members

    def members(self) -> tuple[Member, ...]:
        return self.known

    def rtt(self, a: str, b: str) -> Rtt | None:
        return Rtt(abs(ord(a) - ord(b)) * 0.01, 0.001)

    async def events(self) -> AsyncIterator[Event]:
        return
        yield


def _member(name: str, state: MemberState = MemberState.ALIVE) -> Member:
    return Member(
        name=name, address="127.0.0.1:1", instance=1, state=state, meta={"role": "worker"}
    )


def _watch(*members: Member) -> tuple[MemberWatch, MembershipSource, HandClock]:
    clock = HandClock()
    membership = FakeMembership(*members)
    watch = MemberWatch(membership, clock)  # type: ignore[arg-type]
    return watch, MembershipSource(membership, watch, clock), clock  # type: ignore[arg-type]


def test_a_death_keeps_who_confirmed_it_and_at_which_multiplier() -> None:
    dead = _member("b", MemberState.DEAD)
    watch, source, clock = _watch(_member("a"), dead)
    watch.take(Joined(_member("b")))
    clock.at += 60.0
    watch.take(Suspected(_member("b", MemberState.SUSPECT), "accused by a"))
    clock.at += 3.0
    watch.take(Died(dead, REASON))
    clock.at += 7.0
    (death,) = watch.deaths()
    assert (death.name, death.role, death.reason, death.seconds_ago) == ("b", "worker", REASON, 7.0)
    line = source.members().members[1]
    assert line.reason == REASON
    assert [span.state for span in line.timeline] == ["alive", "suspect", "dead"]
    assert line.timeline[1].from_seconds_ago == 10.0
    assert line.timeline[1].to_seconds_ago == 7.0


def test_lost_events_are_counted_and_the_picture_replaced() -> None:
    watch, source, _ = _watch(_member("a"), _member("b", MemberState.DEAD))
    watch.take(EventsLost(5, 1, (_member("b", MemberState.DEAD),)))
    page = source.members()
    assert page.events_lost == 5
    assert page.members[1].timeline[-1].state == "dead"


def test_what_is_remembered_is_bounded() -> None:
    watch, _, clock = _watch(_member("a"))
    for number in range(5_000):
        clock.at += 1.0
        watch.take(Joined(_member(f"m{number}")))
        watch.take(Died(_member(f"m{number}", MemberState.DEAD)))
    assert len(watch.happenings()) == 500
    assert len(watch.deaths()) == 64
    assert len(watch._turns) <= 2


def test_the_map_keeps_distances_that_fit_a_plane() -> None:
    corners = [(0.0, 0.0), (3.0, 0.0), (0.0, 4.0), (3.0, 4.0)]
    wanted = {(i, j): math.dist(corners[i], corners[j]) for i in range(4) for j in range(i + 1, 4)}
    spots = place(4, wanted)
    assert strain(spots, wanted) < 0.02
    assert place(4, wanted) == spots


def test_members_without_a_coordinate_are_named() -> None:
    class Blind(FakeMembership):
        def rtt(self, a: str, b: str) -> Rtt | None:
            return None if "c" in (a, b) else super().rtt(a, b)

    clock = HandClock()
    blind = Blind(_member("a"), _member("b"), _member("c"))
    source = MembershipSource(blind, MemberWatch(blind, clock), clock)  # type: ignore[arg-type]
    page = source.coordinates()
    assert {spot.name for spot in page.places} == {"a", "b"}
    assert page.unplaced == ("c",)


def test_native_counters_are_grouped_each_once() -> None:
    stats = {
        "wheel_level_2_slots": 7,
        "probes": 1,
        "datagrams_in": 2,
        "dropped_stale": 3,
        "loop_stalls": 4,
        "new_thing": 5,
    }
    membership = FakeMembership(_member("a"))
    clock = HandClock()
    watch = MemberWatch(membership, clock)  # type: ignore[arg-type]
    source = MembershipSource(membership, watch, clock, lambda: stats)  # type: ignore[arg-type]
    native = source.native()
    assert native.dropped == {"stale": 3}
    assert native.groups["Probes"] == {"probes": 1}
    assert native.groups["Other"] == {"new_thing": 5}
    assert native.wheel == (0, 0, 7, 0, 0, 0, 0, 0, 0)
    assert sum(len(group) for group in native.groups.values()) == 4
