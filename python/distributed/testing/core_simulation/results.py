"""Outcomes of experiments. Times are seconds of virtual time."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; 0.0 of no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Told(msgspec.Struct, frozen=True, array_like=True):
    """How long after a death the first, half and the last of the survivors knew."""

    first: float
    median: float
    last: float


class Detection(msgspec.Struct, frozen=True):
    """How long deaths took to be known, and who was held for dead without being so."""

    deaths: list[Told]
    untold: int
    false_deaths: int
    trace: int

    def first(self, share: float) -> float:
        """A quantile of the time until the first survivor knew."""
        return quantile([told.first for told in self.deaths], share)

    def last(self, share: float) -> float:
        """A quantile of the time until every survivor knew."""
        return quantile([told.last for told in self.deaths], share)


class Spread(msgspec.Struct, frozen=True, array_like=True):
    """When each other node learnt of one change, in order; how many never did."""

    reached: list[float]
    missed: int
    datagrams: int


class Dissemination(msgspec.Struct, frozen=True):
    """How changes spread."""

    changes: list[Spread]
    trace: int


class Blocked(msgspec.Struct, frozen=True):
    """Deaths that were believed although nobody died, by who believed them of whom."""

    healthy_at_healthy: int
    healthy_at_slow: int
    slow_at_healthy: int
    slow_at_slow: int
    refutations: int
    datagrams: int
    trace: int


class Revival(msgspec.Struct, frozen=True):
    """How nodes that stood still for a while came back.

    `suspected` of them were suspected by anybody, `refuted` of those lived on at every node;
    `false_deaths` counts each node that held another for dead.
    """

    suspected: int
    refuted: int
    false_deaths: int
    trace: int


class Quiet(msgspec.Struct, frozen=True):
    """What one member sends in a second at rest, and what loss alone makes all believe."""

    datagrams: float
    datagram_bytes: float
    stream_bytes: float
    suspected: int
    false_deaths: int
    trace: int


class ViewSize(msgspec.Struct, frozen=True, array_like=True):
    """How many members nodes see at one moment."""

    at: float
    least: int
    median: int
    most: int


class Boot(msgspec.Struct, frozen=True):
    """From nothing to one view; `one_view` is None where that did not come."""

    one_view: float | None
    sizes: list[ViewSize]
    false_deaths: int
    datagrams: int
    stream_bytes: int
    trace: int


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """What healthy nodes see: faulty members on average, healthy ones at least, view sizes."""

    at: float
    faulty: float
    healthy: int
    sizes: int


class Reaction(msgspec.Struct, frozen=True):
    """How a cluster met nodes whose network fails one way."""

    timeline: list[Seen]
    out_for_good: float | None
    recovered: float | None
    returns: float
    healthy_lost: int
    trace: int


class Accuracy(msgspec.Struct, frozen=True, array_like=True):
    """How well coordinates tell round trips after so many probe rounds.

    `median`, `p90` and `near` (same continent) are relative errors over all pairs of nodes,
    `unknown` the share of pairs without an estimate, `centre` how many seconds the middle of
    all nodes lies from the origin.
    """

    round: int
    median: float
    p90: float
    near: float
    unknown: float
    centre: float


class Coordinates(msgspec.Struct, frozen=True):
    """How coordinates came to tell round trips; `typical` is the map's median round trip."""

    timeline: list[Accuracy]
    typical: float
    trace: int
