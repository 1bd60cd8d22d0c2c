"""What a role stands at, read from its status at each scrape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from distributed.messages.admin import NodeStatus
from distributed.telemetry.metrics import Reading
from distributed.types import JobState


class Standing(Protocol):
    """Who can say how it stands."""

    def status(self) -> NodeStatus: ...


def role_readings(node: Standing) -> Iterator[Reading]:
    """Gauges of one role."""
    status = node.status()
    yield Reading("draining", float(status.state in ("draining", "stopping")))
    detail: dict[str, Any] = status.detail
    if status.role == "gate":
        yield from _gate(status.state, detail)
    elif status.role == "manager":
        workers = detail["workers"].values()
        yield Reading("workers", len(workers))
        yield Reading("cores", sum(worker["cores"] for worker in workers))
        yield Reading("cores_bound", sum(worker["bound"] for worker in workers))
    else:
        yield Reading("jobs_held", detail["jobs"])


def _gate(state: str, detail: dict[str, Any]) -> Iterator[Reading]:
    open_jobs = sum(count for name, count in detail["jobs"].items() if not JobState(name).final)
    yield Reading("jobs_open", open_jobs)
    yield Reading("lease_held", float(state == "active"))
    for name, facts in detail["datacenters"].items():
        own = {"datacenter": name}
        yield Reading("datacenter_managers", facts["managers"], own)
        yield Reading("datacenter_cores", facts["cores"], own)
        yield Reading("datacenter_cores_free", facts["free_cores"], own)
