"""All policies on one trace, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

import msgspec

from distributed.routing.router import RouterRules

from .policy import LeastLoaded, Nearest, Oracle, Policy, RoundRobin, TwoChoices
from .run import Result, Run
from .shoal import Shoal
from .trace import Trace
from .world import World

Make = Callable[[World, Random], Policy]
SIMPLE: tuple[str, ...] = ("round-robin", "nearest", "least-loaded", "two-choices")


def makers(rules: RouterRules | None = None) -> dict[str, Make]:
    """How to make each policy; `rules` are for ours."""
    return {
        "shoal": lambda world, random: Shoal(world.trace.sites, random, rules),
        "round-robin": lambda world, random: RoundRobin(world.trace.sites, random),
        "nearest": lambda world, random: Nearest(world.trace.sites, random),
        "least-loaded": lambda world, random: LeastLoaded(world.trace.sites, random),
        "two-choices": lambda world, random: TwoChoices(world.trace.sites, random),
        "oracle": Oracle,
    }


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Results of every policy on one trace; ratios compare mean job latencies."""

    trace: str
    about: str
    seed: int
    faulty: bool
    results: dict[str, Result]

    @property
    def to_oracle(self) -> float:
        """Ours over the oracle's: 1.1 is ten percent behind."""
        return self._mean("shoal") / self._mean("oracle")

    @property
    def best_simple(self) -> str:
        """The best of the four simple policies here."""
        return min((name for name in SIMPLE if name in self.results), key=self._mean)

    @property
    def to_best_simple(self) -> float:
        """Ours over the best simple one's: 0.7 is thirty percent better."""
        return self._mean("shoal") / self._mean(self.best_simple)

    def _mean(self, name: str) -> float:
        return self.results[name].mean_seconds


def compare(
    trace: Trace,
    *,
    seed: int = 1,
    rules: RouterRules | None = None,
    policies: Iterable[str] | None = None,
) -> Comparison:
    """Run each policy on the same trace with the same link noise.

    Raises:
        KeyError: an unknown policy.
    """
    make = makers(rules)
    names = list(make) if policies is None else list(policies)
    return Comparison(
        trace=trace.name,
        about=trace.about,
        seed=seed,
        faulty=trace.faulty,
        results={name: Run(trace, make[name], seed).result() for name in names},
    )
