"""The agent's plain tuples, given their names."""

from __future__ import annotations

from functools import lru_cache

from .events import (
    Degraded,
    Died,
    Joined,
    Left,
    MemberEvent,
    NameConflict,
    Recovered,
    Refuted,
    Suspected,
    Updated,
)
from .member import Member, MemberState, Meta, decode_meta

MemberTuple = tuple[str, str, int, int, str, bytes, bool]

EVENTS: dict[str, type[MemberEvent]] = {
    "joined": Joined,
    "suspected": Suspected,
    "refuted": Refuted,
    "died": Died,
    "left": Left,
    "updated": Updated,
    "degraded": Degraded,
    "recovered": Recovered,
    "name_conflict": NameConflict,
}

_STATES = {state.value: state for state in MemberState}


@lru_cache(maxsize=4_096)
def _meta(encoded: bytes) -> Meta:
    return decode_meta(encoded)


def member_of(values: MemberTuple) -> Member:
    """A member out of the agent's tuple."""
    name, address, instance, incarnation, state, meta, degraded = values
    return Member(
        name=name,
        address=address,
        instance=instance,
        incarnation=incarnation,
        state=_STATES[state],
        meta=_meta(meta),
        degraded=degraded,
    )
