"""What must hold in every run, whatever the scenario: the rules, named, and who checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from distributed.testing.cluster import SimCluster


class Violation(msgspec.Struct, frozen=True):
    """A rule that was broken: which, when, and by what."""

    invariant: str
    at: float
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant} at {self.at:.3f} s: {self.detail}"


class Invariant(Protocol):
    """One rule. It may listen to the cluster from its making on."""

    @property
    def name(self) -> str:
        """The rule in a few words."""
        ...

    def broken(self) -> Iterable[str]:
        """What broke it since the last call."""
        ...


class Watch:
    """All rules over one cluster."""

    def __init__(self, cluster: SimCluster, invariants: Iterable[Invariant]) -> None:
        self._cluster = cluster
        self._invariants = tuple(invariants)
        self.violations: list[Violation] = []

    def check(self) -> bool:
        """Whether every rule still holds."""
        now = self._cluster.loop.time()
        for invariant in self._invariants:
            for detail in invariant.broken():
                self.violations.append(Violation(invariant.name, now, detail))
        return not self.violations
