"""What sending jobs to a datacenter really costs, learnt from those that were sent.

An exponentially weighted mean of the overhead (execution taken out), with failures as
penalty samples. Trust in it grows with samples and falls to nothing with age.
"""

from __future__ import annotations

import msgspec

from .dispatch_times import Sample


class ObservedRules(msgspec.Struct, frozen=True, kw_only=True):
    """How observations are weighed.

    Attributes:
        gain: weight of a new sample once there are many.
        full_samples: samples for full confidence.
        horizon_seconds: age at which samples count for nothing.
        failure_seconds: what a failure costs on top of the time it took.
        cap_seconds: no sample counts for more.
        max_datacenters: bound of the table; the longest unseen is forgotten.
    """

    gain: float = 0.2
    full_samples: float = 10.0
    horizon_seconds: float = 300.0
    failure_seconds: float = 5.0
    cap_seconds: float = 60.0
    max_datacenters: int = 1024


class Observation(msgspec.Struct, frozen=True):
    """The mean overhead in seconds, the trust in it at `observed_at`, and its spread."""

    overhead_seconds: float
    confidence: float
    observed_at: float
    deviation_seconds: float
    service_seconds: float | None


class _Mean:
    __slots__ = ("at", "mean", "not_before", "samples", "service", "variance")

    def __init__(self) -> None:
        self.mean = 0.0
        self.variance = 0.0
        self.samples = 0.0
        self.at = 0.0
        self.service: float | None = None
        self.not_before = float("-inf")


class ObservedLatency:
    """One gate's observations of every datacenter."""

    def __init__(self, rules: ObservedRules | None = None) -> None:
        self.rules = rules if rules is not None else ObservedRules()
        self._means: dict[str, _Mean] = {}

    def record(self, sample: Sample, now: float) -> None:
        """Take a sample in.

        A sample of a dispatch from before the datacenter recovered tells of the outage and
        is dropped.
        """
        mean = self._mean(sample.datacenter, now)
        if sample.sent_at < mean.not_before:
            return
        value = sample.seconds + (self.rules.failure_seconds if sample.failed else 0.0)
        value = min(self.rules.cap_seconds, max(0.0, value))
        mean.samples = mean.samples * self._freshness(mean.at, now) + 1.0
        gain = max(self.rules.gain, 1.0 / mean.samples)
        step = value - mean.mean
        mean.mean += gain * step
        mean.variance = (1.0 - gain) * (mean.variance + gain * step * step)
        mean.at = max(mean.at, now)
        if sample.execution_seconds is not None and not sample.failed:
            before = sample.execution_seconds if mean.service is None else mean.service
            mean.service = before + gain * (sample.execution_seconds - before)

    def of(self, datacenter: str) -> Observation | None:
        """What is known of the datacenter; None before any sample."""
        mean = self._means.get(datacenter)
        if mean is None or mean.samples <= 0.0:
            return None
        return Observation(
            overhead_seconds=mean.mean,
            confidence=min(1.0, mean.samples / self.rules.full_samples),
            observed_at=mean.at,
            deviation_seconds=mean.variance**0.5,
            service_seconds=mean.service,
        )

    def recovered(self, datacenter: str, now: float) -> None:
        """The datacenter is well again after an outage: forget what the outage taught."""
        mean = self._mean(datacenter, now)
        mean.samples = mean.variance = mean.mean = 0.0
        mean.not_before = now

    def sweep(self, now: float) -> None:
        """Forget datacenters about which nothing counts any more."""
        horizon = self.rules.horizon_seconds
        for name in [name for name, mean in self._means.items() if now - mean.at > horizon]:
            del self._means[name]

    def __len__(self) -> int:
        return len(self._means)

    def _freshness(self, at: float, now: float) -> float:
        return max(0.0, 1.0 - max(0.0, now - at) / self.rules.horizon_seconds)

    def _mean(self, datacenter: str, now: float) -> _Mean:
        mean = self._means.get(datacenter)
        if mean is None:
            if len(self._means) >= self.rules.max_datacenters:
                del self._means[min(self._means, key=lambda name: self._means[name].at)]
            mean = self._means[datacenter] = _Mean()
            mean.at = now
        return mean
