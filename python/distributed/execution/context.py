"""What a workflow receives as its first argument."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from math import inf
from threading import Lock
from time import perf_counter
from typing import Any

import msgspec

from .frames import FromChild, Progressed, Reported, Run

FLUSH_SECONDS = 0.05
FLUSH_REPORTS = 4096


class Results(Mapping[str, Any]):
    """Return values of the workflows that this one names in `after`, decoded when first read."""

    def __init__(
        self, inputs: tuple[tuple[str, bytes], ...], references: tuple[tuple[str, str], ...]
    ) -> None:
        self._encoded = dict(inputs)
        self._references = dict(references)
        self._decoded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The value returned by workflow `name`.

        Raises:
            KeyError: this workflow does not depend on `name`.
            OSError: the value lies in a file that cannot be read from here.
        """
        if name not in self._decoded:
            path = self._references.get(name)
            if path is None:
                encoded = self._encoded[name]
            else:
                with open(path.removeprefix("file://"), "rb") as file:
                    encoded = file.read()
            self._decoded[name] = msgspec.msgpack.decode(encoded) if encoded else None
        return self._decoded[name]

    def __iter__(self) -> Iterator[str]:
        """Names, those in files last."""
        yield from self._encoded
        yield from (name for name in self._references if name not in self._encoded)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._encoded.keys() | self._references.keys())


class WorkflowContext:
    """One attempt's view of its job. Its methods may be called from any thread.

    Attributes:
        job_id: the job's id.
        workflow: this workflow's name.
        attempt: 1 for the first start, rising by one for each restart.
        results: what the workflows named in `after` returned.
    """

    def __init__(self, run: Run, send: Callable[[FromChild], None]) -> None:
        self.job_id = run.job_id
        self.workflow = run.workflow
        self.attempt = run.attempt
        self.results = Results(run.inputs, run.references)
        self._dispatch_id = run.dispatch_id
        self._send = send
        self._lock = Lock()
        self._order = Lock()
        self._latencies = array("d")
        self._counters: dict[str, float] = {}
        self._dirty = False
        self._position: tuple[int, int] | None = None
        self._flushed_at = 0.0
        self._cancel_reason: str | None = None

    @property
    def cancelled(self) -> bool:
        """Whether this attempt was asked to stop; it is killed once the grace has passed."""
        return self._cancel_reason is not None

    @property
    def cancel_reason(self) -> str:
        """Why, or "" while nobody asked."""
        return self._cancel_reason or ""

    def report(self, latency_seconds: float, ok: bool = True, **counters: float) -> None:
        """Count one operation of this attempt and how long it took, in seconds.

        `counters` add to totals of their name (`bytes=512`); `reports` and `errors` are kept
        by this call itself.

        Raises:
            ValueError: a latency that is negative or not finite.
        """
        if not 0 <= latency_seconds < inf:
            raise ValueError(f"a latency of {latency_seconds} seconds is no duration")
        totals = self._counters
        with self._lock:
            self._latencies.append(latency_seconds)
            totals["reports"] = totals.get("reports", 0) + 1
            if not ok:
                totals["errors"] = totals.get("errors", 0) + 1
            for name, amount in counters.items():
                totals[name] = totals.get(name, 0) + amount
            self._dirty = True
        self._flush_if_due()

    def progress(self, done: int, total: int = 0) -> None:
        """Say how far this attempt is; a `done` that rises can extend its timeout."""
        with self._lock:
            self._position = (done, total)
        self._flush_if_due()

    def flush(self) -> None:
        """Send what was reported since the last time.

        Of two threads that flush, the one that gathers first sends first: what comes later
        replaces what came before.
        """
        with self._order:
            with self._lock:
                dirty, position = self._dirty, self._position
                self._dirty, self._position = False, None
                if dirty:
                    latencies, self._latencies = self._latencies.tobytes(), array("d")
                    counters = dict(self._counters)
                self._flushed_at = perf_counter()
            if dirty:
                self._send(Reported(self._dispatch_id, latencies, counters))
            if position is not None:
                self._send(Progressed(self._dispatch_id, *position))

    def _flush_if_due(self) -> None:
        elapsed = perf_counter() - self._flushed_at
        if elapsed >= FLUSH_SECONDS or len(self._latencies) >= FLUSH_REPORTS:
            self.flush()

    def request_stop(self, reason: str) -> None:
        """Make `cancelled` true. Called by the child's reader thread."""
        self._cancel_reason = reason
