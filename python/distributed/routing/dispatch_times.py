"""How long each dispatch of one job takes from being sent to its result.

Hangs off the job's record and is dropped with it: the policy keeps nothing by job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from distributed.messages.job import Workflow


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One observation: what the job paid for the route, in seconds.

    `seconds` has the execution taken out, and the wait for cores that was predicted when the
    job was sent, which the wait estimate charges already. It is never less than the round trip
    to the job's acceptance: a wait that was overestimated must not make the way look short.
    """

    datacenter: str
    seconds: float
    sent_at: float
    failed: bool = False
    execution_seconds: float | None = None


class _Dispatch:
    __slots__ = ("accepted_at", "expected_wait", "sent_at")

    def __init__(self, sent_at: float, expected_wait: float) -> None:
        self.sent_at = sent_at
        self.expected_wait = expected_wait
        self.accepted_at: float | None = None


class DispatchTimes:
    """The open dispatches of one job, at most one for each datacenter."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[str, _Dispatch] = {}

    def sent(self, datacenter: str, now: float, *, expected_wait_seconds: float = 0.0) -> None:
        """The job was sent there, to wait that long by the decision's estimate."""
        self._open[datacenter] = _Dispatch(now, expected_wait_seconds)

    def accepted(self, datacenter: str, now: float) -> float | None:
        """The datacenter took the job; returns seconds since it was sent, the first time."""
        dispatch = self._open.get(datacenter)
        if dispatch is None or dispatch.accepted_at is not None:
            return None
        dispatch.accepted_at = now
        return now - dispatch.sent_at

    def finished(self, datacenter: str, now: float, execution_seconds: float) -> Sample | None:
        """The last result came; None if nothing is open there (a repeat)."""
        dispatch = self._open.pop(datacenter, None)
        if dispatch is None:
            return None
        overhead = now - dispatch.sent_at - execution_seconds
        answered = dispatch.accepted_at if dispatch.accepted_at is not None else dispatch.sent_at
        return Sample(
            datacenter=datacenter,
            seconds=max(answered - dispatch.sent_at, overhead - dispatch.expected_wait),
            sent_at=dispatch.sent_at,
            execution_seconds=execution_seconds,
        )

    def failed(self, datacenter: str, now: float) -> Sample | None:
        """The dispatch was refused, timed out, or the datacenter lost the job."""
        dispatch = self._open.pop(datacenter, None)
        if dispatch is None:
            return None
        return Sample(
            datacenter=datacenter,
            seconds=now - dispatch.sent_at,
            sent_at=dispatch.sent_at,
            failed=True,
        )

    def abandoned(self, datacenter: str) -> None:
        """Nothing is to be learnt from this dispatch: the job was cancelled or timed out."""
        self._open.pop(datacenter, None)

    def __len__(self) -> int:
        return len(self._open)


def critical_path_seconds(workflows: Sequence[Workflow], run_seconds: Mapping[str, float]) -> float:
    """Execution time that no routing could have saved: the longest chain of run times.

    Workflows run beside each other unless one waits for another; one that did not run, or ran
    in another datacenter, counts as nothing. `workflows` must be free of cycles.
    """
    by_name = {workflow.name: workflow for workflow in workflows}
    longest: dict[str, float] = {}
    pending = list(by_name)
    while pending:
        name = pending[-1]
        missing = [n for n in by_name[name].after if n in by_name and n not in longest]
        if missing:
            pending.extend(missing)
            continue
        before = max((longest[n] for n in by_name[name].after if n in longest), default=0.0)
        longest[name] = before + run_seconds.get(name, 0.0)
        pending.pop()
    return max(longest.values(), default=0.0)
