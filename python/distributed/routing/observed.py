"""What sending jobs to a datacenter really costs, learnt from those that were sent.

An exponentially weighted mean of the overhead (execution taken out), and of failures as a
penalty on top. Trust in both grows with samples and falls to nothing with age: sooner for
failures, since nothing but a try tells that they are over.
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
        failure_seconds: what a certain failure would add to the overhead.
        failure_horizon_seconds: age at which a failure counts for nothing: then jobs try again.
        cap_seconds: no sample counts for more.
        max_datacenters: bound of the table; the longest unseen is forgotten.
    """

    gain: float = 0.2
    full_samples: float = 10.0
    horizon_seconds: float = 60.0
    failure_seconds: float = 5.0
    failure_horizon_seconds: float = 30.0
    cap_seconds: float = 60.0
    max_datacenters: int = 1024


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one datacenter.

    Attributes:
        overhead_seconds: mean of what jobs paid for the route; None before any ended well.
        confidence: in that mean, as of `observed_at`.
        deviation_seconds: its spread.
        failure_seconds: penalty for the share of dispatches that failed, as of `failed_at`.
        service_seconds: mean execution time; None before any ended well.
    """

    overhead_seconds: float | None
    confidence: float
    observed_at: float
    deviation_seconds: float
    failure_seconds: float
    failed_at: float
    service_seconds: float | None


class _Mean:
    __slots__ = (
        "at",
        "failed_at",
        "failure",
        "mean",
        "not_before",
        "samples",
        "seen_at",
        "service",
        "variance",
    )

    def __init__(self) -> None:
        self.mean = 0.0
        self.variance = 0.0
        self.samples = 0.0
        self.at = 0.0
        self.seen_at = 0.0
        self.failure = 0.0
        self.failed_at = 0.0
        self.service: float | None = None
        self.not_before = float("-inf")


class ObservedLatency:
    """One gate's observations of every datacenter."""

    def __init__(self, rules: ObservedRules | None = None) -> None:
        self.rules = rules if rules is not None else ObservedRules()
        self._means: dict[str, _Mean] = {}
        self._service: float | None = None

    def record(self, sample: Sample, now: float) -> None:
        """Take a sample in.

        A sample of a dispatch from before the datacenter recovered tells of the outage and
        is dropped.
        """
        mean = self._mean(sample.datacenter, now)
        if sample.sent_at < mean.not_before:
            return
        mean.seen_at = max(mean.seen_at, now)
        self._learn_failure(mean, sample.failed, now)
        if not sample.failed:
            self._learn_overhead(mean, sample, now)

    def of(self, datacenter: str) -> Observation | None:
        """What is known of the datacenter; None before any sample."""
        mean = self._means.get(datacenter)
        if mean is None or (mean.samples <= 0.0 and mean.failure <= 0.0):
            return None
        return Observation(
            overhead_seconds=mean.mean if mean.samples > 0.0 else None,
            confidence=min(1.0, mean.samples / self.rules.full_samples),
            observed_at=mean.at,
            deviation_seconds=mean.variance**0.5,
            failure_seconds=mean.failure * self.rules.failure_seconds,
            failed_at=mean.failed_at,
            service_seconds=mean.service,
        )

    @property
    def service_seconds(self) -> float | None:
        """Mean execution time over all datacenters: the guess for one that ran nothing yet."""
        return self._service

    def recovered(self, datacenter: str, now: float) -> None:
        """The datacenter is well again after an outage: forget what the outage taught."""
        mean = self._mean(datacenter, now)
        mean.samples = mean.variance = mean.mean = mean.failure = 0.0
        mean.not_before = now

    def sweep(self, now: float) -> None:
        """Forget datacenters about which nothing counts any more."""
        horizon = self.rules.horizon_seconds
        for name in [name for name, mean in self._means.items() if now - mean.seen_at > horizon]:
            del self._means[name]

    def __len__(self) -> int:
        return len(self._means)

    def _learn_overhead(self, mean: _Mean, sample: Sample, now: float) -> None:
        value = min(self.rules.cap_seconds, max(0.0, sample.seconds))
        mean.samples = mean.samples * fading(mean.at, now, self.rules.horizon_seconds) + 1.0
        gain = max(self.rules.gain, 1.0 / mean.samples)
        step = value - mean.mean
        mean.mean += gain * step
        mean.variance = (1.0 - gain) * (mean.variance + gain * step * step)
        mean.at = max(mean.at, now)
        if sample.execution_seconds is not None:
            before = sample.execution_seconds if mean.service is None else mean.service
            mean.service = before + gain * (sample.execution_seconds - before)
            before = sample.execution_seconds if self._service is None else self._service
            self._service = before + 0.1 * self.rules.gain * (sample.execution_seconds - before)

    def _learn_failure(self, mean: _Mean, failed: bool, now: float) -> None:
        share = mean.failure * fading(mean.failed_at, now, self.rules.failure_horizon_seconds)
        share += self.rules.gain * ((1.0 if failed else 0.0) - share)
        mean.failure = share if failed or share > 1e-3 else 0.0
        mean.failed_at = max(mean.failed_at, now)

    def _mean(self, datacenter: str, now: float) -> _Mean:
        mean = self._means.get(datacenter)
        if mean is None:
            if len(self._means) >= self.rules.max_datacenters:
                del self._means[min(self._means, key=lambda name: self._means[name].seen_at)]
            mean = self._means[datacenter] = _Mean()
            mean.at = mean.seen_at = now
        return mean


def fading(at: float, now: float, horizon: float) -> float:
    """How much what was learnt at `at` still counts: 1, falling to 0 at the horizon."""
    return max(0.0, 1.0 - max(0.0, now - at) / horizon)
