"""Counting what a node does: an interface for roles, and two registries behind it.

Names follow Prometheus: base units in the name, `_total` for counters. A metric's labels
are closed sets (role, reason, state); ids of jobs or workflows are never labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

Reading = tuple[str, str, str, float]
"""Kind (`counter` or `gauge`), name, help, value."""


class Metrics(Protocol):
    """What a role may count with."""

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to the counter `name` (without the `shoal_` prefix and `_total`)."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set the gauge `name`."""
        ...

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add a duration in seconds to the histogram `name`."""
        ...


class CountingMetrics:
    """Keeps counts in memory: for tests, simulation and an embedding without Prometheus."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        key = (name, tuple(sorted(labels.items())))
        self.counts[key] = self.counts.get(key, 0.0) + amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self.gauges[(name, tuple(sorted(labels.items())))] = value

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Keep the count and sum of a histogram."""
        self.count(f"{name}_count", 1.0, **labels)
        self.count(f"{name}_sum", seconds, **labels)

    def total(self, name: str) -> float:
        """A counter summed over its labels."""
        return sum(value for (key, _), value in self.counts.items() if key == name)


class PrometheusMetrics:
    """Exposes counts at `/metrics`; needs the `node` extra."""

    def __init__(self, constant_labels: dict[str, str]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._constant = constant_labels
        self._kinds = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}
        self._families: dict[str, Counter | Gauge | Histogram] = {}
        self.registry: CollectorRegistry = CollectorRegistry(auto_describe=True)

    def _labelled(self, kind: str, name: str, labels: dict[str, str]) -> object:
        family = self._families.get(name)
        names = [*self._constant, *sorted(labels)]
        if family is None:
            family = self._kinds[kind](
                f"shoal_{name}",
                HELP.get(name, name.replace("_", " ")),
                names,
                registry=self.registry,
            )
            self._families[name] = family
        return family.labels(**self._constant, **labels)

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        self._labelled("counter", name, labels).inc(amount)  # type: ignore[attr-defined]

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._labelled("gauge", name, labels).set(value)  # type: ignore[attr-defined]

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add a duration to a histogram."""
        self._labelled("histogram", name, labels).observe(seconds)  # type: ignore[attr-defined]

    def read_at_scrape(self, source: Callable[[], Iterable[Reading]]) -> None:
        """Register a source that is read in one call at each scrape (native counters)."""
        self.registry.register(_ScrapedSource(source, self._constant))

    def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each child of the counter `name`, without those of the node."""
        family = self._families.get(name)
        return [
            (dict(sample.labels), sample.value)
            for metric in (family.collect() if family is not None else ())
            for sample in metric.samples
            if sample.name == f"shoal_{name}_total"
        ]

    def exposition(self) -> bytes:
        """The text format."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


class _ScrapedSource:
    """A collector over a function."""

    def __init__(
        self, source: Callable[[], Iterable[Reading]], constant_labels: dict[str, str]
    ) -> None:
        self._source = source
        self._constant = constant_labels

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
        for kind, name, text, value in self._source():
            family = kinds[kind](f"shoal_{name}", text, labels=list(self._constant))
            family.add_metric(list(self._constant.values()), value)
            yield family


HELP: dict[str, str] = {}
