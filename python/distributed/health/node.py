"""Three signals for one node: reachable, ready, making progress; and what follows from them."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Action(StrEnum):
    """What to do with a node.

    Route sends it work, drain lets it finish what it has, investigate asks it directly,
    evict gives up on it.
    """

    ROUTE = "route"
    DRAIN = "drain"
    INVESTIGATE = "investigate"
    EVICT = "evict"


class NodeRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the signals.

    Attributes:
        silent_seconds: a node unheard for longer is not reachable.
        failures: failed contacts in a row that make it unreachable sooner.
        stuck_seconds: work held for that long without any progress is stuck.
        grace_seconds: a new node is taken for ready that long, before its first report.
    """

    silent_seconds: float = 10.0
    failures: int = 3
    stuck_seconds: float = 60.0
    grace_seconds: float = 15.0


class Signals(msgspec.Struct, frozen=True):
    """The three signals and the action that they call for, with its reason."""

    reachable: bool
    ready: bool
    progressing: bool
    action: Action
    reason: str


class NodeHealth:
    """The signals of one node, as heard by another. Reading changes nothing."""

    def __init__(self, now: float, rules: NodeRules | None = None) -> None:
        self._rules = rules if rules is not None else NodeRules()
        self._known_since = now
        self._heard_at = now
        self._failures = 0
        self._ready: bool | None = None
        self._held = 0
        self._state: object = None
        self._moved_at = now

    def heard(self, now: float) -> None:
        """Any message of the node arrived."""
        self._heard_at = max(self._heard_at, now)
        self._failures = 0

    def failed(self) -> None:
        """A contact with the node failed."""
        self._failures += 1

    def reported(self, now: float, *, ready: bool, held: int, state: object) -> None:
        """The node's own report: whether it takes work, how much of it waits without need, and
        a state that changes with anything it gets done."""
        self.heard(now)
        self._ready = ready
        if state != self._state or held == 0 or self._held == 0:
            self._moved_at = now
        self._state = state
        self._held = held

    def signals(self, now: float) -> Signals:
        """The node as of now."""
        rules = self._rules
        silent = now - self._heard_at
        reachable = silent <= rules.silent_seconds and self._failures < rules.failures
        ready = self._ready
        if ready is None:
            ready = now - self._known_since <= rules.grace_seconds
        progressing = self._held == 0 or now - self._moved_at <= rules.stuck_seconds
        action, reason = self._action(reachable, ready, progressing, now)
        return Signals(reachable, ready, progressing, action, reason)

    def _action(
        self, reachable: bool, ready: bool, progressing: bool, now: float
    ) -> tuple[Action, str]:
        if not reachable:
            silent = now - self._heard_at
            if silent > 3.0 * self._rules.silent_seconds:
                return Action.EVICT, f"silent for {silent:.1f} s"
            if self._failures >= self._rules.failures:
                return Action.INVESTIGATE, f"{self._failures} contacts failed in a row"
            return Action.INVESTIGATE, f"silent for {silent:.1f} s"
        if not progressing:
            stuck = now - self._moved_at
            return Action.INVESTIGATE, f"{self._held} held without progress for {stuck:.0f} s"
        if not ready:
            return Action.DRAIN, "takes no new work"
        return Action.ROUTE, "reachable, ready and making progress"


def waiting_beside_free(queued: int, free_cores: int) -> int:
    """Work that waits although cores are free: for long, a sign that a node is stuck.

    A full node's queue is no such sign, nor is work that runs for hours.
    """
    return queued if free_cores > 0 else 0
