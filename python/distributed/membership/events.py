"""What a membership tells its owner, as frozen values to ``match`` on.

They are msgspec structs rather than dataclasses since ten thousand a second must cost the loop
little; ``kind`` is the class name in lower case, for logs and JSON.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from .member import Member


class MemberEvent(msgspec.Struct, frozen=True):
    """Something happened to ``member``; ``reason`` says why in one sentence."""

    member: Member
    reason: str = ""

    @property
    def kind(self) -> str:
        """The class name in lower case."""
        return type(self).__name__.lower()


class Joined(MemberEvent, frozen=True):
    """A member is alive that was unknown, dead or gone before."""


class Suspected(MemberEvent, frozen=True):
    """Probes of a member went unanswered; it may yet refute (SWIM, section 4.2)."""


class Refuted(MemberEvent, frozen=True):
    """A suspected member proved itself alive with a higher incarnation."""


class Died(MemberEvent, frozen=True):
    """A suspicion expired; ``reason`` names who confirmed it, for how long and at which factor."""


class Left(MemberEvent, frozen=True):
    """A member said goodbye: not a failure."""


class Updated(MemberEvent, frozen=True):
    """A member's metadata or address changed."""


class Degraded(MemberEvent, frozen=True):
    """A member's process answers, yet reports that its Python is stalled or its host is slow."""


class Recovered(MemberEvent, frozen=True):
    """A degraded member is itself again."""


class NameConflict(MemberEvent, frozen=True):
    """Another node claims the name of a living member, which keeps it."""


class SuspectedForJob(MemberEvent, frozen=True):
    """A member does not answer for one job; it may be well for others."""

    job: str = ""


class RefutedForJob(MemberEvent, frozen=True):
    """A member answers for the job again."""

    job: str = ""


class DiedForJob(MemberEvent, frozen=True):
    """A job-layer suspicion expired; the member stays dead for the job until it refutes."""

    job: str = ""


class UserEvent(msgspec.Struct, frozen=True):
    """An application event that ``origin`` broadcast; ``lamport`` orders events (Lamport, 1978)."""

    kind: ClassVar[str] = "userevent"

    name: str
    payload: bytes
    lamport: int
    origin: str


class EventsLost(msgspec.Struct, frozen=True):
    """The reader fell behind: ``count`` events were dropped, ``user_events`` of them for ever.

    ``members`` is the whole membership at this moment: what a reader should replace its own
    picture with.
    """

    kind: ClassVar[str] = "eventslost"

    count: int
    user_events: int
    members: tuple[Member, ...]


Event = MemberEvent | UserEvent | EventsLost
