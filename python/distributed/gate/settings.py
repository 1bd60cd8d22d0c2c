"""Settings of a gate, assembled into the settings tree by the lead role."""

from __future__ import annotations

import msgspec

from distributed.health.federated import ProbeRules
from distributed.health.slo import SloTargets
from distributed.reliability.overload import OverloadRules


class GateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a gate behaves.

    Attributes:
        datacenters: datacenter to the addresses of some of its managers; the rest are learnt.
        peers: gate name to address, where no membership tells; this gate may be among them.
        lease_seconds: how long this gate's ownership outlives its last renewal.
        recheck_seconds: pause between comparisons of what this gate holds with the ledger.
        renew_seconds: pause between renewals of the lease.
        request_timeout_seconds: for one request to a manager or another gate.
        forward_hops: how often a submission may be passed on.
        deadline_seconds: for a job that names none.
        longest_deadline_seconds: no job runs longer, whatever it asks for.
        extensions: how often proven progress may extend one workflow's timeout.
        extension_seconds: the longest single extension.
        place_patience_seconds: how long a job looks for a datacenter that takes it.
        manager_silence_seconds: a manager that is silent for longer is given up.
        probes: how the leading manager of each datacenter is probed; with it, how soon a
            datacenter that is cut off takes no new job.
        service_levels: what the latencies that workflows report are held against; a datacenter
            that misses them is used less.
        cancel_grace_seconds: how long workflows may stop cooperatively.
        cancel_patience_seconds: how long a cancelled job waits for its datacenters' word.
        orphan_scan_seconds: pause between looks for jobs without an owner.
        orphan_grace_seconds: after this, any gate takes an orphan, not only the next in order.
        push_interval_seconds: least pause between progress updates of one job to one client.
        slow_client_seconds: a client that takes no byte for longer is disconnected.
        held_value_bytes: of values of one open job kept in memory; the rest is in the ledger.
        all_held_value_bytes: the same of all open jobs together.
        largest_value_bytes: a workflow whose value is larger fails.
        stored_value_bytes: of values over 1 MiB of one job, together.
        reports_folder: where `json:` and `csv:` reports are written; "" refuses such jobs.
        log_lines: captured lines kept for each job, the newest of them, until its retention ends.
        held_log_bytes: of captured lines of all open jobs; beyond it a job's new lines push out
            its older ones.
        retention_seconds: how long an ended job is kept in the ledger.
        retention_jobs: how many ended jobs are kept.
        key_seconds: how long an idempotency key stands for its job.
        submissions_per_second: for each client, on average; 0 for no limit.
        submissions_burst: for each client, at once.
        overload: when the lateness of the gate's event loop means that work is shed.
        max_open_jobs: jobs this gate owns at once; more are refused with a retry hint.
    """

    datacenters: dict[str, tuple[str, ...]] = {}
    peers: dict[str, str] = {}
    lease_seconds: float = 3.0
    recheck_seconds: float = 5.0
    renew_seconds: float = 0.75
    request_timeout_seconds: float = 5.0
    forward_hops: int = 3
    deadline_seconds: float = 3600.0
    longest_deadline_seconds: float = 86_400.0
    extensions: int = 5
    extension_seconds: float = 30.0
    place_patience_seconds: float = 30.0
    manager_silence_seconds: float = 5.0
    probes: ProbeRules = ProbeRules()
    service_levels: SloTargets = SloTargets()
    cancel_grace_seconds: float = 5.0
    cancel_patience_seconds: float = 15.0
    orphan_scan_seconds: float = 1.0
    orphan_grace_seconds: float = 10.0
    push_interval_seconds: float = 0.1
    slow_client_seconds: float = 10.0
    held_value_bytes: int = 8 << 20
    all_held_value_bytes: int = 1 << 30
    largest_value_bytes: int = 1 << 30
    stored_value_bytes: int = 16 << 30
    reports_folder: str = ""
    log_lines: int = 1000
    held_log_bytes: int = 256 << 20
    retention_seconds: float = 7 * 86_400.0
    retention_jobs: int = 100_000
    key_seconds: float = 86_400.0
    submissions_per_second: float = 0.0
    submissions_burst: int = 1000
    overload: OverloadRules = OverloadRules()
    max_open_jobs: int = 200_000


LIVE = ("submissions_per_second", "submissions_burst", "max_open_jobs", "log_lines")
"""Limits that take effect while the gate runs (`shoal node limits`)."""
