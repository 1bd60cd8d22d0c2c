"""Several datacenters fail at once: whose fault is it?

The gate's own isolation is looked for first, since it is the likelier cause and the one whose
misreading does harm: a gate that is cut off would evict everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import msgspec


class Correlation(IntEnum):
    """How many datacenters changed to failing within the window."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class CorrelationRules(msgspec.Struct, frozen=True, kw_only=True):
    """When failures count as one event.

    Attributes:
        window_seconds: failures that began within it belong together.
        isolation_share: share of all datacenters failing that suggests isolation.
        flaps: changes within `flap_seconds` that make a datacenter flapping.
        flap_seconds: how far back changes count.
        flap_cooldown_seconds: how long a flapping one must hold still.
        aftermath_seconds: how long after its isolation the gate gives up none of those that
            failed with it: they do not all come back at once.
    """

    window_seconds: float = 30.0
    isolation_share: float = 0.5
    flaps: int = 4
    flap_seconds: float = 120.0
    flap_cooldown_seconds: float = 60.0
    aftermath_seconds: float = 10.0


class PeerView(msgspec.Struct, frozen=True, kw_only=True):
    """What the other gates contribute.

    Attributes:
        peers: other gates that are members.
        reachable: those that this gate hears.
        reached_by: for a datacenter, how many reachable peers say that they reach it.
    """

    peers: int = 0
    reachable: int = 0
    reached_by: Mapping[str, int] = {}


class FailureReading(msgspec.Struct, frozen=True, kw_only=True):
    """How the failures of now are to be read.

    `shielded` datacenters must not be evicted; where `isolated`, none may.
    """

    level: Correlation
    isolated: bool
    failing: frozenset[str]
    shielded: frozenset[str]
    reason: str


class FailureCorrelation:
    """The failing datacenters of one gate and when each began to fail."""

    def __init__(self, rules: CorrelationRules | None = None) -> None:
        self._rules = rules if rules is not None else CorrelationRules()
        self._failing_since: dict[str, float | None] = {}
        self._changes: dict[str, list[float]] = {}
        self._isolated_at = float("-inf")

    def observe(self, datacenter: str, *, failing: bool, now: float) -> None:
        """The datacenter's state as this gate sees it; repeating it changes nothing."""
        known = datacenter in self._failing_since
        if known and failing == (self._failing_since[datacenter] is not None):
            return
        self._failing_since[datacenter] = now if failing else None
        if known:
            recent = self._changes.setdefault(datacenter, [])
            recent.append(now)
            del recent[: -self._rules.flaps]

    def forget(self, datacenter: str) -> None:
        """The datacenter is no part of the cluster any more."""
        self._failing_since.pop(datacenter, None)
        self._changes.pop(datacenter, None)

    def flapping(self, datacenter: str, now: float) -> bool:
        """Whether it changed so often that it has to hold still before it counts as well."""
        recent = self._changes.get(datacenter, [])
        if len(recent) < self._rules.flaps or recent[-1] - recent[0] > self._rules.flap_seconds:
            return False
        return now - recent[-1] < self._rules.flap_cooldown_seconds

    def read(self, now: float, peers: PeerView | None = None) -> FailureReading:
        """Read the failures of now, with what other gates say and whether it was cut off lately."""
        view = peers if peers is not None else PeerView()
        began = {dc: at for dc, at in self._failing_since.items() if at is not None}
        failing = frozenset(began)
        together = _largest_group(sorted(began.values()), self._rules.window_seconds)
        level = _grade(together, len(self._failing_since))
        isolated, reason = self._isolated(failing, view)
        elsewhere = frozenset(dc for dc in failing if view.reached_by.get(dc, 0) > 0)
        shielded = elsewhere
        if isolated:
            self._isolated_at, shielded = now, failing
        elif now - self._isolated_at < self._rules.aftermath_seconds:
            since = self._isolated_at
            shielded |= {dc for dc, at in began.items() if at <= since}
            reason = f"{reason}; it was cut off {now - since:.1f} s ago"
        elif elsewhere:
            reason = f"other gates still reach {', '.join(sorted(elsewhere))}"
        return FailureReading(
            level=level,
            isolated=isolated,
            failing=failing,
            shielded=shielded,
            reason=reason,
        )

    def _isolated(self, failing: frozenset[str], view: PeerView) -> tuple[bool, str]:
        known = len(self._failing_since)
        if not failing:
            return False, "nothing fails"
        if len(failing) < self._rules.isolation_share * known:
            return False, f"{len(failing)} of {known} datacenters fail"
        if view.peers and view.reachable == 0:
            return True, f"neither {len(failing)} of {known} datacenters nor any gate is reached"
        if not view.peers and known > 1 and len(failing) == known:
            return True, f"all {known} datacenters fail at once and no other gate can be asked"
        return False, f"{len(failing)} of {known} datacenters fail, and other gates are reached"


def _largest_group(starts: list[float], window: float) -> int:
    best = first = 0
    for last, at in enumerate(starts):
        while at - starts[first] > window:
            first += 1
        best = max(best, last - first + 1)
    return best


def _grade(together: int, known: int) -> Correlation:
    if together >= 4 and 2 * together >= known:
        return Correlation.HIGH
    if together >= 3:
        return Correlation.MEDIUM
    return Correlation.LOW if together >= 2 else Correlation.NONE
