"""What happened to whom, remembered from the membership's own events, bounded."""

from __future__ import annotations

from collections import deque

from distributed.clock import Clock
from distributed.membership.events import Died, Event, EventsLost, Left, MemberEvent, UserEvent
from distributed.membership.interface import Membership
from distributed.membership.member import Member

from .models import Death, Happening, Span

MOST_HAPPENINGS = 500
MOST_TURNS = 32
SPAN_SECONDS = 600.0
"""How far back timelines reach."""


class MemberWatch:
    """Follows one membership for as long as `follow` runs."""

    def __init__(self, membership: Membership, clock: Clock) -> None:
        self._membership = membership
        self._clock = clock
        self._happenings: deque[tuple[float, str, Member | None, str, str]] = deque(
            maxlen=MOST_HAPPENINGS
        )
        self._turns: dict[str, deque[tuple[float, str]]] = {}
        self._deaths: deque[tuple[float, Member, str, bool]] = deque(maxlen=64)
        self.events_lost = 0

    async def follow(self) -> None:
        """Take events in until the membership stops."""
        for member in self._membership.members():
            self._turn(member, member.state.value)
        async for event in self._membership.events():
            self.take(event)

    def take(self, event: Event) -> None:
        """One event."""
        now = self._clock.now()
        if isinstance(event, EventsLost):
            self.events_lost += event.count
            self._happenings.append((now, event.kind, None, f"{event.count} were dropped", ""))
            for member in event.members:
                self._turn(member, member.state.value)
        elif isinstance(event, UserEvent):
            self._happenings.append((now, event.kind, None, f"{event.origin}: {event.name}", ""))
        else:
            self._member_event(event, now)

    def _member_event(self, event: MemberEvent, now: float) -> None:
        job = str(getattr(event, "job", ""))
        self._happenings.append((now, event.kind, event.member, event.reason, job))
        if isinstance(event, Died | Left):
            died = isinstance(event, Died)
            self._deaths.append((now, event.member, event.reason, died))
        if not job:
            state = "degraded" if event.kind == "degraded" else event.member.state.value
            self._turn(event.member, state)

    def _turn(self, member: Member, state: str) -> None:
        turns = self._turns.get(member.name)
        if turns is None:
            known = {held.name for held in self._membership.members()}
            self._turns = {name: held for name, held in self._turns.items() if name in known}
            turns = self._turns[member.name] = deque(maxlen=MOST_TURNS)
        if not turns or turns[-1][1] != state:
            turns.append((self._clock.now(), state))

    def happenings(self) -> tuple[Happening, ...]:
        """Newest first."""
        now = self._clock.now()
        return tuple(
            Happening(
                seconds_ago=now - at,
                kind=kind,
                member=member.name if member else "",
                reason=reason,
                job=job,
            )
            for at, kind, member, reason, job in reversed(self._happenings)
        )

    def deaths(self) -> tuple[Death, ...]:
        """Who died or left, newest first, with the reason that membership gave."""
        now = self._clock.now()
        return tuple(
            Death(
                name=member.name,
                role=member.role or "member",
                reason=reason or ("died" if died else "said goodbye"),
                seconds_ago=now - at,
                died=died,
                told_by="membership",
            )
            for at, member, reason, died in reversed(self._deaths)
        )

    def reason(self, name: str) -> str:
        """Why the member is in its state: what its newest event said."""
        for _, _, member, reason, job in reversed(self._happenings):
            if member is not None and member.name == name and not job:
                return reason
        return ""

    def timeline(self, name: str) -> tuple[Span, ...]:
        """The member's states over the last ten minutes, oldest first."""
        now = self._clock.now()
        turns = tuple(self._turns.get(name, ()))
        if not turns:
            return ()
        ends = [at for at, _ in turns[1:]] + [now]
        return tuple(
            Span(
                state=state,
                from_seconds_ago=min(SPAN_SECONDS, now - at),
                to_seconds_ago=max(0.0, now - end),
            )
            for (at, state), end in zip(turns, ends, strict=True)
            if now - end < SPAN_SECONDS
        )
