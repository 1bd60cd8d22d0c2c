"""What a simulated cluster consists of, and the settings its roles run with."""

from __future__ import annotations

from typing import Literal

import msgspec

from distributed.client.settings import ClientSettings
from distributed.gate.settings import GateSettings
from distributed.manager.settings import ManagerSettings
from distributed.worker.settings import WorkerSettings

DEADLINE_SECONDS = 90.0
"""Of a simulated job that names none: bounds how long a run waits for its end."""


class ClusterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and settings.

    Attributes:
        gates: how many, spread over the datacenters.
        datacenters: their names.
        managers: for each datacenter.
        workers: for each datacenter.
        cores: of each worker.
        clients: each submits to all gates.
        membership: `core` runs the detector that ships, `oracle` a cheap and exact one.
    """

    gates: int = 3
    datacenters: tuple[str, ...] = ("north", "south", "west")
    managers: int = 3
    workers: int = 9
    cores: int = 4
    clients: int = 2
    membership: Literal["core", "oracle"] = "oracle"
    shuffle: bool = True
    gate: GateSettings = GateSettings(
        deadline_seconds=DEADLINE_SECONDS,
        longest_deadline_seconds=2 * DEADLINE_SECONDS,
        push_interval_seconds=0.25,
        max_open_jobs=40,
        retention_seconds=20.0,
    )
    manager: ManagerSettings = ManagerSettings(
        progress_interval_seconds=0.25,
        finished_keep_seconds=20.0,
        authority_seconds=8.0,
        status_interval_seconds=1.0,
    )
    worker: WorkerSettings = WorkerSettings(
        memory_bytes=8 << 30,
        progress_interval_seconds=0.25,
        orphan_grace_seconds=20.0,
        orphan_result_seconds=40.0,
        record_idle_seconds=20.0,
        queue_limit=8,
        guard_interval_seconds=1e9,
    )
    client: ClientSettings = ClientSettings(check_imports=False, quiet_seconds=10.0)


SMALL = ClusterSpec(gates=2, datacenters=("north", "south"), managers=2, workers=3, clients=1)
"""Big enough for every conversation, small enough for many seeds."""

FULL = ClusterSpec()
"""3 gates, 3 datacenters, 9 managers and 27 workers."""
