"""A datacenter's health bucket, from its managers' and workers' signals.

The founding rule is that busy is not unhealthy: load alone never makes a datacenter worse
than busy, since a full one queues and is still the right answer where the others are full.
"""

from __future__ import annotations

import msgspec

from .bucket import Bucket
from .capacity import Capacity
from .federated import Reach
from .slo import SloLevel

BUSY_WAIT_SECONDS = 1.0
"""A datacenter without a free core is busy where new work waits that long, or nobody knows how
long: one that runs short jobs is full at most instants and still takes work at once."""


class Assessment(msgspec.Struct, frozen=True):
    """A bucket and everything that argues for it, worst first."""

    bucket: Bucket
    reasons: tuple[str, ...]


def classify(
    capacity: Capacity | None,
    *,
    known_managers: int = 0,
    reach: Reach = Reach.REACHABLE,
    slo: SloLevel = SloLevel.MEETING,
    shielded: bool = False,
) -> Assessment:
    """The worst of all signals.

    Args:
        capacity: the merged reports, None where nobody reported lately.
        known_managers: managers that membership knows there, heard or not.
        reach: what federated probes say.
        slo: service level of the jobs that ran there.
        shielded: the failure is read as this gate's own isolation, or other gates reach the
            datacenter: what would be unhealthy is only degraded, and nothing is evicted.
    """
    findings: list[tuple[Bucket, str]] = []
    if reach is Reach.UNREACHABLE:
        findings.append((Bucket.UNHEALTHY, "unreachable by probes"))
    elif reach is Reach.SUSPECTED:
        findings.append((Bucket.DEGRADED, "probes go unanswered"))
    if capacity is None:
        findings.append(_silent(known_managers, reach))
    else:
        findings += _from_reports(capacity, known_managers)
    if slo is SloLevel.CRITICAL:
        findings.append((Bucket.DEGRADED, "service levels are far off"))
    elif slo is SloLevel.VIOLATING:
        findings.append((Bucket.BUSY, "service levels are missed"))
    findings.sort(reverse=True)
    worst = findings[0][0] if findings else Bucket.HEALTHY
    if shielded and worst is Bucket.UNHEALTHY:
        return Assessment(
            Bucket.DEGRADED,
            ("not evicted: the fault may be this gate's own", *(text for _, text in findings)),
        )
    return Assessment(worst, tuple(text for _, text in findings))


def _silent(known_managers: int, reach: Reach) -> tuple[Bucket, str]:
    if known_managers or reach is not Reach.REACHABLE:
        return Bucket.UNHEALTHY, "no manager reported lately"
    return Bucket.DEGRADED, "no manager has reported yet"


def _from_reports(capacity: Capacity, known_managers: int) -> list[tuple[Bucket, str]]:
    findings = []
    managers = max(capacity.managers, known_managers)
    if capacity.workers <= 0:
        findings.append((Bucket.UNHEALTHY, "no live worker"))
    elif 2 * capacity.healthy_workers < capacity.workers:
        text = f"{capacity.healthy_workers} of {capacity.workers} workers are healthy"
        findings.append((Bucket.DEGRADED, text))
    if 2 * capacity.managers < managers:
        findings.append((Bucket.DEGRADED, f"{capacity.managers} of {managers} managers report"))
    if capacity.healthy_managers < capacity.managers:
        text = f"{capacity.managers - capacity.healthy_managers} managers are strained or draining"
        findings.append((Bucket.BUSY, text))
    waits = capacity.wait_seconds >= BUSY_WAIT_SECONDS or capacity.wait_seconds <= 0.0
    if capacity.workers > 0 and capacity.free_cores <= 0 and waits:
        findings.append((Bucket.BUSY, f"no free core, {capacity.wait_seconds:.1f} s to wait"))
    if capacity.pressure >= 1.0:
        findings.append((Bucket.BUSY, "its managers refuse statistics"))
    return findings


class HealthDamper:
    """Lets a datacenter get worse at once and better only when it stays better.

    Being busy is a fact of the moment, not an illness: leaving it needs no proof. Nor does one
    that is only coming up, and was never well.
    """

    def __init__(self, *, settle_seconds: float = 2.5, flapping_seconds: float = 30.0) -> None:
        self._settle = settle_seconds
        self._flapping = flapping_seconds
        self._bucket: Bucket | None = None
        self._better_since: float | None = None
        self._been_well = False

    def step(self, found: Bucket, now: float, *, flapping: bool = False) -> Bucket:
        """The bucket to use, given the one just assessed; a flapping one must prove more."""
        current = self._bucket
        if current is None or found >= current or current is Bucket.BUSY:
            return self._settled(found)
        if not self._been_well and not flapping:
            return self._settled(found)
        if self._better_since is None:
            self._better_since = now
        settle = self._flapping if flapping else self._settle
        return self._settled(found) if now - self._better_since >= settle else current

    def _settled(self, bucket: Bucket) -> Bucket:
        self._bucket = bucket
        self._been_well |= bucket <= Bucket.BUSY
        self._better_since = None
        return bucket
