"""What a gate knows about one datacenter when it routes a job."""

from __future__ import annotations

import msgspec

from distributed.health.bucket import Bucket
from distributed.health.circuit import Circuit


class DatacenterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts as of the gate's own clock; a newer fact makes a new value.

    Instants (`…_at`) are readings of the gate's clock when the fact arrived, so ages are
    durations of one host. None means unknown, which never excludes.

    Attributes:
        name: the datacenter.
        bucket: its health.
        condition: what argues for that bucket, for people.
        managers: live managers that can take a job; None where no report came yet.
        free_cores, total_cores, queued: sums over its workers, as of `capacity_at`.
        largest_worker: most cores one worker has; 0 for unknown.
        dispatch_rate: cores given to work each second, lately; 0 for unknown.
        service_seconds: mean time for which a workflow holds its cores, as results tell.
        wait_seconds: how long new work waits for cores, by the managers' own estimate.
        capacity_at: when the capacity was reported.
        circuit: of dispatches to this datacenter.
        draining: takes no new job.
        pressure: 0 (none) to 1 (refuses statistics), the worst of its managers.
        rtt_seconds, rtt_error_seconds: by network coordinates.
        overhead_seconds: observed cost of sending a job there, execution taken out.
        confidence: of the overhead, 0 to 1, as of `observed_at`.
        failure_seconds: penalty for dispatches that failed lately, as of `failed_at`.
        slo_factor: 1 where service levels are met, above where they are not.
    """

    name: str
    bucket: Bucket = Bucket.HEALTHY
    managers: int | None = None
    free_cores: int = 0
    total_cores: int = 0
    queued: int = 0
    largest_worker: int = 0
    dispatch_rate: float = 0.0
    service_seconds: float | None = None
    wait_seconds: float = 0.0
    capacity_at: float | None = None
    circuit: Circuit = Circuit.CLOSED
    draining: bool = False
    pressure: float = 0.0
    rtt_seconds: float | None = None
    rtt_error_seconds: float = 0.0
    overhead_seconds: float | None = None
    confidence: float = 0.0
    observed_at: float = 0.0
    failure_seconds: float = 0.0
    failed_at: float = 0.0
    slo_factor: float = 1.0
    condition: str = ""
