"""A job's course put together from what a gate shows of it: runs, and windows over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from distributed.messages.submission import JobEvent, JobView, WorkflowView
from distributed.types import WorkflowState

from .models import Run, Window

AttemptKey = tuple[str, str, int]
"""Workflow, datacenter, attempt."""

WIDTHS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0)
MOST_WINDOWS = 60
FINAL = frozenset(state.value for state in WorkflowState if state.final)
OUT = (WorkflowState.ASSIGNED.value, WorkflowState.RUNNING.value)


def elapsed_of(view: JobView) -> float:
    """Seconds from acceptance to the end, or to now."""
    return view.age_seconds if view.elapsed_seconds is None else view.elapsed_seconds


def runs_of(
    view: JobView, events: Sequence[JobEvent], seen: Mapping[AttemptKey, float]
) -> tuple[Run, ...]:
    """Every attempt that is known of, by start. `seen` says when attempts were seen running."""
    starts = dict(seen)
    first = 0.0
    lost: list[Run] = []
    for event in events:
        detail = event.detail
        at = number(detail.get("elapsed_seconds"))
        if event.kind == "state" and detail.get("state") == "dispatched":
            first = first or at
        key = _key(detail)
        if event.kind == "retry":
            starts.setdefault(key, at)
        elif event.kind == "worker_lost":
            start, sure = (starts[key], True) if key in starts else (first, False)
            worker = str(detail.get("worker", ""))
            lost.append(
                Run(**_named(key), worker=worker, state="lost", start=start, end=at, sure=sure)
            )
    runs = [run for line in view.workflows if (run := _last_run(line, starts, first)) is not None]
    return tuple(sorted((*lost, *runs), key=lambda run: (run.start, run.workflow)))


def _last_run(line: WorkflowView, starts: Mapping[AttemptKey, float], first: float) -> Run | None:
    key = (line.name, line.datacenter, line.attempt)
    if line.state in FINAL and line.taken_seconds > 0 and line.attempt > 0:
        end: float | None = line.taken_seconds
        start, sure = max(0.0, line.taken_seconds - line.run_seconds), True
    elif line.state == WorkflowState.RUNNING.value:
        end, sure = None, key in starts
        start = starts.get(key, first)
    else:
        return None
    return Run(**_named(key), worker=line.worker, state=line.state, start=start, end=end, sure=sure)


def windows_of(view: JobView, elapsed: float) -> tuple[Window, ...]:
    """Throughput and run times by datacenter, by when each run's result was taken."""
    width = next((width for width in WIDTHS if elapsed / width <= MOST_WINDOWS), WIDTHS[-1])
    held: dict[tuple[int, str], list[float]] = defaultdict(list)
    for line in view.workflows:
        if line.state in FINAL and line.taken_seconds > 0:
            held[int(line.taken_seconds // width), line.datacenter].append(line.run_seconds)
    return tuple(
        Window(
            datacenter=datacenter,
            start=index * width,
            end=(index + 1) * width,
            ended=len(seconds),
            throughput=len(seconds) / width,
            p50=quantile(seconds, 0.5),
            p95=quantile(seconds, 0.95),
            p99=quantile(seconds, 0.99),
        )
        for (index, datacenter), seconds in sorted(held.items())
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` of the values do not exceed (nearest rank); None of none."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -int(-share * len(ordered) // 1))
    return ordered[min(len(ordered), rank) - 1]


def number(value: object) -> float:
    """A number of an event's detail; 0 where it has none."""
    return float(value) if isinstance(value, int | float) else 0.0


def _key(detail: Mapping[str, object]) -> AttemptKey:
    return (
        str(detail.get("workflow", "")),
        str(detail.get("datacenter", "")),
        int(number(detail.get("attempt"))),
    )


def _named(key: AttemptKey) -> dict[str, Any]:
    return {"workflow": key[0], "datacenter": key[1], "attempt": key[2]}
