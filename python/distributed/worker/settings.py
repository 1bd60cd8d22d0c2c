"""Settings of a worker."""

from __future__ import annotations

from typing import Literal

import msgspec


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker behaves."""

    cores: int = 0
    """Cores offered; 0 means as many as this process may use."""
    memory_bytes: int = 0
    """Memory offered; 0 means what the machine has."""
    managers: tuple[str, ...] = ()
    """Addresses of managers to register with, besides those that membership shows."""
    executor: Literal["subprocess", "ray"] = "subprocess"
    """What runs the workflows."""
    ray_address: str = "auto"
    """Where the `ray` executor finds its cluster; `local` starts one on this machine."""
    import_paths: tuple[str, ...] = ()
    """Folders put in front of the workflows' module search path."""
    data_directory: str = ""
    """Where large results wait and the event log lies; "" takes a temporary folder and no log."""
    spill_keep_seconds: float = 86_400.0
    """How long files are kept that a worker which died left behind."""
    warm_children: int = 2
    """Child processes started before the first workflow."""
    queue_limit: int = 4096
    """Dispatches held beyond those that run; more are refused as `full`."""
    undelivered_bytes: int = 256 << 20
    """Results kept for managers beyond which new work is refused as `undelivered`."""
    status_interval_seconds: float = 1.0
    """Between two status messages to a manager."""
    request_seconds: float = 5.0
    """How long an answer of a manager is waited for."""
    progress_interval_seconds: float = 0.1
    """Between two progress messages to a manager, while there is something new."""
    result_batch: int = 512
    """Results in one message at most."""
    resend_seconds: float = 10.0
    """After which a result that a manager has, but the ledger not yet, is sent again."""
    retry_base_seconds: float = 0.1
    """First pause after a failed delivery; doubles, with jitter."""
    retry_cap_seconds: float = 5.0
    """Longest pause between deliveries."""
    manager_lost_seconds: float = 5.0
    """Silence after which a manager that membership does not know counts as gone."""
    orphan_grace_seconds: float = 60.0
    """How long a job's workflows run on without a manager."""
    orphan_result_seconds: float = 600.0
    """How long results of a job without a manager are kept."""
    record_idle_seconds: float = 600.0
    """How long a job of which nothing is left here is remembered (its fence); longer than
    `manager.authority_seconds`, so that a manager that was cut off cannot begin it again."""
    cancel_grace_seconds: float = 5.0
    """Between asking a workflow to stop and killing it, where the request names no grace."""
    log_lines: int = 2000
    """Captured output lines that wait to be sent, for each job; more are dropped and counted."""
    event_log_bytes: int = 8 << 20
    """Size at which the event log is rotated; one older file is kept."""
    guard_interval_seconds: float = 1.0
    """How often the worker measures itself and its children."""
    memory_warn: float = 0.8
    """Share of the offered memory from which the worker says that it is busy."""
    memory_refuse: float = 0.9
    """Share from which it refuses new work."""
    memory_kill: float = 0.97
    """Share at which the workflow that holds the most is ended, to run again elsewhere."""


LIVE = ("queue_limit", "undelivered_bytes", "log_lines")
"""Limits that take effect while the worker runs (`shoal node limits`)."""
