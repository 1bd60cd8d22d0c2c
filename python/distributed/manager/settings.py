"""Settings of a manager."""

from __future__ import annotations

import msgspec


class ManagerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a manager behaves."""

    request_seconds: float = 5.0
    """How long an answer of a gate is waited for."""
    assign_seconds: float = 3.0
    """How long a worker may take to acknowledge assignments."""
    assign_attempts: int = 3
    """Unacknowledged tries after which a worker is left alone and its dispatches are lost."""
    assign_batch: int = 256
    """Assignments in one message at most."""
    ahead_seconds: float = 0.05
    """Work given to a worker beyond its cores, where it is known to be tiny."""
    ahead_limit: int = 256
    """Dispatches given to one worker beyond its cores, at most."""
    hold_after_seconds: float = 1.0
    """Waiting after which a wide (or exclusive) workflow has a worker emptied for it."""
    refusal_pause_seconds: float = 0.25
    """How long a worker that refused is not asked again."""
    shut_seconds: float = 5.0
    """How long a worker that did not acknowledge is given nothing."""
    poison_deaths: int = 2
    """Workers that died under one workflow before it is taken for the cause and failed."""
    worker_lost_seconds: float = 5.0
    """Silence after which a worker that membership does not know counts as dead."""
    status_interval_seconds: float = 0.5
    """Between two status messages to a gate; workers are asked for the same rhythm."""
    gate_forget_failures: int = 20
    """Failed status messages after which a gate must register again."""
    progress_interval_seconds: float = 0.1
    """Between two progress messages of one job to its gate, while there is something new."""
    result_batch: int = 1000
    """Results in one message at most."""
    resend_seconds: float = 10.0
    """After which results that a gate has, but does not say are recorded, go again."""
    retry_base_seconds: float = 0.1
    """First pause after a failed delivery; doubles, with jitter."""
    retry_cap_seconds: float = 5.0
    """Longest pause between deliveries."""
    rebuild_seconds: float = 2.0
    """How long a job taken over waits for its workers' reports before it goes on."""
    cancel_margin_seconds: float = 3.0
    """Beyond the grace, how long a worker's word on a cancellation is waited for."""
    finished_keep_seconds: float = 300.0
    """How long a finished job is kept for a gate that has not dropped it."""
    authority_seconds: float = 300.0
    """How long after its gate last answered a job's attempts may still be started; see
    `worker.record_idle_seconds`, which must be longer."""
    gone_seconds: float = 30.0
    """How long a gate may say that it does not know a job before the job is given up here."""
    default_restarts: int = 10
    """Least retry budget of a job that names none; a larger job gets one for each workflow."""
    log_lines: int = 2000
    """Captured lines of a job that wait for a gate without room; older ones go and are counted."""
    undelivered_bytes: int = 1 << 30
    """Results kept for gates beyond which workers are asked to keep theirs (`overloaded`)."""
    queue_limit: int = 1_000_000
    """Workflows that may wait here; jobs beyond it are refused as `overloaded`."""


LIVE = ("queue_limit", "assign_batch", "undelivered_bytes", "log_lines")
"""Limits that take effect while the manager runs (`shoal node limits`)."""
