"""How the simulated network behaves between two processes at this moment."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from distributed.testing.virtual_host import VirtualHost


class Latency(msgspec.Struct, frozen=True):
    """One-way delay: at least `base_seconds`, plus an exponential tail."""

    base_seconds: float
    jitter_seconds: float = 0.0

    def draw(self, rng: random.Random) -> float:
        """One delay in seconds."""
        if not self.jitter_seconds:
            return self.base_seconds
        return self.base_seconds + rng.expovariate(1.0) * self.jitter_seconds


class Conditions:
    """Latencies, cuts and losses, changed by the scenario as it goes.

    Args:
        seed: fixes the distances between datacenters.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._distances: dict[tuple[str, str], Latency] = {}
        self._cuts: dict[tuple[str, str], int] = {}
        self.local = Latency(0.000_25, 0.000_05)
        self.bytes_per_second = 125_000_000.0
        self.datagram_loss = 0.0
        self.datagram_duplicates = 0.0
        self.stall_chance = 0.0
        """Chance that a piece of a stream is lost once and comes again after `stall_seconds`."""
        self.stall_seconds = 0.2
        self.extra_seconds: dict[str, float] = {}
        """Added to everything that a host sends or receives."""

    def latency(self, source: VirtualHost, target: VirtualHost) -> Latency:
        """The one-way delay from `source` to `target`."""
        if source.datacenter == target.datacenter:
            return self.local
        pair = (
            min(source.datacenter, target.datacenter),
            max(source.datacenter, target.datacenter),
        )
        found = self._distances.get(pair)
        if found is None:
            base = random.Random(f"distance:{self._seed}:{pair}").uniform(0.005, 0.060)
            found = self._distances[pair] = Latency(base, base / 20)
        return found

    def set_distance(self, one: str, other: str, latency: Latency) -> None:
        """Fix the delay between two datacenters."""
        self._distances[min(one, other), max(one, other)] = latency

    def draw(self, source: VirtualHost, target: VirtualHost, rng: random.Random) -> float:
        """One delay in seconds from `source` to `target`."""
        delay = self.latency(source, target).draw(rng)
        if self.extra_seconds:
            delay += self.extra_seconds.get(source.name, 0.0)
            delay += self.extra_seconds.get(target.name, 0.0)
        return delay

    def cut(self, source: str, target: str) -> None:
        """Lose everything from `source` to `target`; cuts of several faults add up."""
        self._cuts[source, target] = self._cuts.get((source, target), 0) + 1

    def mend(self, source: str, target: str) -> bool:
        """Take back one `cut`; whether the way is open now."""
        left = self._cuts.get((source, target), 0) - 1
        if left > 0:
            self._cuts[source, target] = left
            return False
        self._cuts.pop((source, target), None)
        return True

    def open(self, source: VirtualHost, target: VirtualHost) -> bool:
        """Whether anything gets from `source` to `target`."""
        return not self._cuts or (source.name, target.name) not in self._cuts

    @property
    def cuts(self) -> tuple[tuple[str, str], ...]:
        """Every pair that is cut."""
        return tuple(self._cuts)
