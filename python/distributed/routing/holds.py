"""Hysteresis of the gate's routes, and the cooldown of datacenters that failed a dispatch.

Both belong to the gate, not to a job: a job is routed once, so state of its own could never
keep the next one from flapping.
"""

from __future__ import annotations

import msgspec

from .request import Route, RouteRequest


class HoldRules(msgspec.Struct, frozen=True, kw_only=True):
    """How sticky a route is.

    Attributes:
        hold_down_seconds: a new choice stays that long, unless it is excluded, falls a
            bucket or fails a dispatch.
        least_improvement: share by which another must score better after that.
        cooldown_factor: what a failed dispatch multiplies the score by, at first.
        cooldown_seconds: time over which that decays to nothing.
        max_routes: routes remembered; the least recently used is forgotten.
    """

    hold_down_seconds: float = 30.0
    least_improvement: float = 0.2
    cooldown_factor: float = 4.0
    cooldown_seconds: float = 30.0
    max_routes: int = 256


class Held:
    """What one route uses, since when."""

    __slots__ = ("datacenters", "since", "switches")

    def __init__(self, datacenters: tuple[str, ...], since: float) -> None:
        self.datacenters = datacenters
        self.since = since
        self.switches = 0


class Holds:
    """The held choice of every route."""

    def __init__(self, rules: HoldRules) -> None:
        self._rules = rules
        self._routes: dict[Route, Held] = {}

    def of(self, request: RouteRequest) -> Held | None:
        """The held choice for this kind of request."""
        return self._routes.get(request.route)

    def keep(self, request: RouteRequest, datacenters: tuple[str, ...], now: float) -> bool:
        """Hold this choice; returns whether it is a change of the one held before."""
        route = request.route
        held = self._routes.pop(route, None)
        if held is None:
            held = Held(datacenters, now)
            while len(self._routes) >= self._rules.max_routes:
                del self._routes[next(iter(self._routes))]
        self._routes[route] = held
        if set(held.datacenters) == set(datacenters):
            return False
        held.datacenters = datacenters
        held.since = now
        held.switches += 1
        return True

    def routes(self) -> tuple[tuple[Route, Held], ...]:
        """Every remembered route with what it holds, the most recently used last."""
        return tuple(self._routes.items())

    @property
    def switches(self) -> int:
        """Changes over all remembered routes."""
        return sum(held.switches for held in self._routes.values())

    def __len__(self) -> int:
        return len(self._routes)


class Cooldowns:
    """Datacenters that failed a dispatch lately, and how much of the penalty is left."""

    def __init__(self, rules: HoldRules) -> None:
        self._rules = rules
        self._failed_at: dict[str, float] = {}

    def failed(self, datacenter: str, now: float) -> None:
        """A dispatch there failed: the penalty is full again."""
        self._failed_at[datacenter] = now

    def clear(self, datacenter: str) -> None:
        """The datacenter is known to be well again."""
        self._failed_at.pop(datacenter, None)

    def factors(self, now: float) -> dict[str, float]:
        """The score multiplier of each datacenter in cooldown; those past it are forgotten."""
        if not self._failed_at:
            return {}
        span = self._rules.cooldown_seconds
        self._failed_at = {dc: at for dc, at in self._failed_at.items() if now - at < span}
        extra = self._rules.cooldown_factor - 1.0
        return {dc: 1.0 + extra * (1.0 - (now - at) / span) for dc, at in self._failed_at.items()}
