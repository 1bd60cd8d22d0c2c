"""How a client behaves towards its gates."""

from __future__ import annotations

import msgspec


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Patience and pauses, in seconds.

    Attributes:
        connect_seconds: for one attempt to reach one gate.
        request_seconds: for one request to one gate.
        patience_seconds: how long a call goes on trying gates before it gives up; waiting for
            a job's result, only while none answers.
        cancel_seconds: for a cancellation, which waits for the workers.
        first_pause_seconds, longest_pause_seconds: between rounds over all gates; jittered.
        redirects: how many redirects one call follows in a row.
        check_imports: refuse a job at once whose functions cannot be imported here.
        quiet_seconds: silence about a job that is waited for, after which its gate is asked.
        progress_queue: updates kept for a reader that is slow; beyond it progress is dropped,
            and steps are asked for again once it has read what is kept.
    """

    connect_seconds: float = 3.0
    request_seconds: float = 10.0
    patience_seconds: float = 60.0
    cancel_seconds: float = 60.0
    first_pause_seconds: float = 0.05
    longest_pause_seconds: float = 2.0
    redirects: int = 5
    quiet_seconds: float = 30.0
    check_imports: bool = True
    progress_queue: int = 10_000
