"""Counting what a node does: an interface for roles, and two registries behind it.

Names follow Prometheus: base units in the name, `_total` for counters. A metric's labels
are closed sets (role, reason, state); ids of jobs or workflows are never labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .names import METRICS, Metric

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
    from prometheus_client.core import Metric as Family

FOLDED = "other"
"""What the labels of a sample become once a metric has too many."""

LABEL_SETS = 200
"""How many different label sets one metric keeps."""


class Reading(NamedTuple):
    """One sample of a source that is read at each scrape."""

    name: str
    value: float
    labels: Mapping[str, str] = {}


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
    """Exposes counts at `/metrics`; needs the `node` extra.

    A metric that `names.py` lacks, or with other labels than it says, raises ValueError. One
    that gathers more than `label_sets` different labels counts what follows under `other`, so
    that no peer can make a scrape grow without bound.
    """

    def __init__(self, constant_labels: dict[str, str], *, label_sets: int = LABEL_SETS) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._constant = constant_labels
        self._kinds = {"counter": Counter, "gauge": Gauge}
        self._histogram = Histogram
        self._families: dict[str, Counter | Gauge | Histogram] = {}
        self._children: dict[tuple[str, str, tuple[tuple[str, str], ...]], object] = {}
        self._seen: dict[str, set[tuple[str, ...]]] = {}
        self._label_sets = label_sets
        self.registry: CollectorRegistry = CollectorRegistry(auto_describe=True)

    def _labelled(self, kind: str, name: str, labels: dict[str, str]) -> object:
        key = (kind, name, tuple(labels.items()))
        child = self._children.get(key)
        if child is None:
            metric = known(name, kind, labels)
            family = self._families.get(name) or self._family(metric)
            kept = self._bounded(metric, labels) if labels else labels
            child = family.labels(**self._constant, **kept)
            if kept is labels:
                self._children[key] = child
        return child

    def _family(self, metric: Metric) -> Counter | Gauge | Histogram:
        text, names = metric.help, [*self._constant, *metric.labels]
        name = f"shoal_{metric.name}"
        family = (
            self._histogram(name, text, names, buckets=metric.buckets, registry=self.registry)
            if metric.kind == "histogram"
            else self._kinds[metric.kind](name, text, names, registry=self.registry)
        )
        self._families[metric.name] = family
        return family

    def _bounded(self, metric: Metric, labels: dict[str, str]) -> dict[str, str]:
        seen = self._seen.setdefault(metric.name, set())
        values = tuple(labels[name] for name in metric.labels)
        if values in seen:
            return labels
        if len(seen) >= self._label_sets:
            self.count("labels_folded")
            return dict.fromkeys(metric.labels, FOLDED)
        seen.add(values)
        return labels

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        self._labelled("counter", name, labels).inc(amount)  # type: ignore[attr-defined]

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._labelled("gauge", name, labels).set(value)  # type: ignore[attr-defined]

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add a duration to a histogram."""
        self._labelled("histogram", name, labels).observe(seconds)  # type: ignore[attr-defined]

    def expose(self, metrics: Iterable[Metric]) -> None:
        """Show counters and histograms without labels from the start, at zero.

        A rate over a counter that appears with its first event would miss that event.
        """
        for metric in metrics:
            if not metric.labels and metric.kind != "gauge":
                self._labelled(metric.kind, metric.name, {})

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

    def describe(self) -> list[Family]:
        return []

    def collect(self) -> Iterator[Family]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for reading in self._source():
            metric = known(reading.name, "", reading.labels)
            family = families.get(metric.name)
            if family is None:
                kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
                labels = [*self._constant, *metric.labels]
                family = kind(f"shoal_{metric.name}", metric.help, labels=labels)
                families[metric.name] = family
            own = [reading.labels[label] for label in metric.labels]
            family.add_metric([*self._constant.values(), *own], reading.value)
        yield from families.values()


def known(name: str, kind: str, labels: Mapping[str, str]) -> Metric:
    """The metric of that name.

    Raises:
        ValueError: there is none, or it is of another kind or has other labels.
    """
    metric = METRICS.get(name)
    if metric is None:
        raise ValueError(f"{name} is no metric of telemetry/names.py")
    if kind and metric.kind != kind:
        raise ValueError(f"{name} is a {metric.kind}, not a {kind}")
    if labels.keys() != set(metric.labels):
        raise ValueError(f"{name} has the labels {metric.labels}, not {tuple(labels)}")
    return metric
