"""Who is alive, dead or degraded: the asyncio face of the native agent.

Here: members, events, metadata, keys, joining. Not here: any decision about jobs.
Explained in docs/membership.md.
"""

from .events import (
    Degraded,
    Died,
    DiedForJob,
    Event,
    EventsLost,
    Joined,
    Left,
    MemberEvent,
    NameConflict,
    Recovered,
    Refuted,
    RefutedForJob,
    Suspected,
    SuspectedForJob,
    Updated,
    UserEvent,
)
from .interface import Membership
from .keyring import Keyring
from .member import Member, MemberState, Meta, MetaValue, Rtt
from .node import Node
from .options import NodeOptions, Profile
from .reach import Reach
from .subscription import Subscription

__all__ = [
    "Degraded",
    "Died",
    "DiedForJob",
    "Event",
    "EventsLost",
    "Joined",
    "Keyring",
    "Left",
    "Member",
    "MemberEvent",
    "MemberState",
    "Membership",
    "Meta",
    "MetaValue",
    "NameConflict",
    "Node",
    "NodeOptions",
    "Profile",
    "Reach",
    "Recovered",
    "Refuted",
    "RefutedForJob",
    "Rtt",
    "Subscription",
    "Suspected",
    "SuspectedForJob",
    "Updated",
    "UserEvent",
]
