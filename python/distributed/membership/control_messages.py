"""What is said on a node's control socket: one JSON object a line, both ways."""

from __future__ import annotations

from typing import Any

import msgspec


class Ask(msgspec.Struct, frozen=True, tag_field="ask", tag=str.lower):
    """A question or an order to a running node."""


class Members(Ask, frozen=True):
    """Every member, as this node sees it."""


class Stats(Ask, frozen=True):
    """Counters and gauges."""


class Events(Ask, frozen=True):
    """Events from now on, one a line, until the asker hangs up."""


class RttBetween(Ask, frozen=True):
    """Estimated round trip between two members; without ``b`` from this node."""

    a: str
    b: str = ""


class Broadcast(Ask, frozen=True):
    """Send a user event."""

    name: str
    payload: str = ""


class Keys(Ask, frozen=True):
    """The fingerprints of the keys held, the one in use first."""


class AddKey(Ask, frozen=True):
    """Hold one more key, for decryption; ``key`` is the base64 of 32 bytes."""

    key: str


class UseKey(Ask, frozen=True):
    """Encrypt with a held key; ``key`` is its fingerprint."""

    key: str


class RemoveKey(Ask, frozen=True):
    """Forget a key; ``key`` is its fingerprint."""

    key: str


class ReachMembers(Ask, frozen=True):
    """Test both paths to these members, or to every living one; one answer a line."""

    names: tuple[str, ...] = ()


class Leave(Ask, frozen=True):
    """Say goodbye and stop."""


Question = (
    Members
    | Stats
    | Events
    | RttBetween
    | Broadcast
    | Keys
    | AddKey
    | UseKey
    | RemoveKey
    | ReachMembers
    | Leave
)


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line back: a value, or why there is none."""

    value: Any = None
    error: str = ""


questions = msgspec.json.Decoder(Question)
answers = msgspec.json.Decoder(Answer)
encode = msgspec.json.Encoder().encode
