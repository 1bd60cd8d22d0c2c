"""What a job asks of routing."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from distributed.messages.job import Job

from .placement import wanted

Route = tuple[tuple[str, ...], tuple[str, ...], bool, int]


class RouteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One routing question.

    Attributes:
        count: datacenters wanted.
        cores: cores that one datacenter's part of the job can use at once.
        largest_workflow: cores of the widest workflow: one worker must have them.
        pinned: datacenters that single workflows are bound to: each is taken if usable.
        named: datacenters the job names.
        required: the names are a constraint; else a preference within a health bucket.
        failed: datacenters that already failed or refused this job: tried last.
        barred: datacenters that must not be tried for this job again, or are in use by it.
    """

    count: int = 1
    cores: int = 1
    largest_workflow: int = 1
    pinned: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    required: bool = False
    failed: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()

    @property
    def route(self) -> Route:
        """Which of the gate's routes this is: jobs that ask alike share hysteresis."""
        return (self.pinned, self.named, self.required, self.count)


def request_for(
    job: Job,
    *,
    failed: Collection[str] = (),
    barred: Collection[str] = (),
    count: int | None = None,
) -> RouteRequest:
    """The question that a job asks, or asks again after failures.

    `count` overrides the job's own where only some of its datacenters need replacing. Cores
    are those of the workflows that can start at once, divided over the datacenters where the
    job is split.
    """
    placement = job.placement
    named = tuple(dict.fromkeys(placement.datacenters))
    pinned = tuple(dict.fromkeys(w.datacenter for w in job.workflows if w.datacenter))
    asked = max(wanted(placement), len(pinned))
    ready = sum(workflow.cores for workflow in job.workflows if not workflow.after)
    if placement.mode == "split":
        ready = -(-ready // asked)
    return RouteRequest(
        count=asked if count is None else count,
        cores=max(1, ready),
        largest_workflow=max((workflow.cores for workflow in job.workflows), default=1),
        pinned=pinned if count is None else (),
        named=named,
        required=placement.required,
        failed=frozenset(failed),
        barred=frozenset(barred),
    )
