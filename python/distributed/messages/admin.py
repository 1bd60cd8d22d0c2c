"""What operators ask of any node."""

from __future__ import annotations

from .base import Message


class ShowStatus(Message, frozen=True):
    """One screen about this node and what it knows."""


class NodeStatus(Message, frozen=True):
    """Plain data for the status screen; `web_address` is "" where there is no page."""

    name: str
    role: str
    datacenter: str
    uptime_seconds: float
    state: str
    detail: dict[str, object] = {}
    web_address: str = ""


class ListMembers(Message, frozen=True):
    """Members as this node's membership sees them."""

    wan: bool = False


class MemberView(Message, frozen=True):
    """One member."""

    name: str
    address: str
    state: str
    incarnation: int
    meta: dict[str, str] = {}
    reason: str = ""
    rtt_seconds: float | None = None


class MemberList(Message, frozen=True):
    """All of them, by name."""

    members: tuple[MemberView, ...]


class DrainNode(Message, frozen=True):
    """Take no new work, finish what runs, then say so."""

    deadline_seconds: float = 60.0
    stop: bool = False


class DrainStarted(Message, frozen=True):
    """What is left to finish."""

    running: int


class SetLogLevel(Message, frozen=True):
    """Change the log level of one logger tree at run time."""

    logger: str
    level: str


class SetLimits(Message, frozen=True):
    """Hold the node to these limits from now on, all or none; empty only asks."""

    limits: dict[str, float] = {}


class Limits(Message, frozen=True):
    """What each limit that can be changed stands at."""

    limits: dict[str, float]
