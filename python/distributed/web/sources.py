"""Where the pages take their facts from: one small protocol for each, given by each role.

A source that a role cannot give is None, and its page says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .models import (
    Coordinates,
    JobPage,
    Jobs,
    Members,
    Native,
    Overview,
    Plot,
    Routing,
    SettingsPage,
    Workers,
)


class OverviewSource(Protocol):
    """The node at a glance."""

    def overview(self) -> Overview:
        """One screen."""
        ...

    def gauges(self) -> dict[str, float]:
        """What is worth a line over time, sampled once a second: cores, jobs, queue."""
        ...


class MembersSource(Protocol):
    """Who is there, as the node's membership sees it."""

    def members(self) -> Members:
        """Everybody, with their past."""
        ...

    def coordinates(self) -> Coordinates:
        """The map of round trips."""
        ...

    def native(self) -> Native:
        """The agent's counters."""
        ...


class JobsSource(Protocol):
    """Jobs that the node knows."""

    async def jobs(
        self, *, states: tuple[str, ...] = (), search: str = "", before: str = ""
    ) -> Jobs:
        """Newest first; `search` is a part of the name or the start of an id."""
        ...

    async def job(self, job_id: str) -> JobPage | None:
        """One job by id or unique prefix; None where there is none.

        Raises:
            JobRejected: the prefix fits several jobs.
        """
        ...

    def trail(self, job_id: str) -> dict[str, Plot]:
        """What was sampled of an open job: latency and throughput by datacenter."""
        ...


class CancelSource(Protocol):
    """Cancelling, where the node can order it."""

    async def cancel(self, job_id: str, reason: str) -> dict[str, str]:
        """What became of each workflow.

        Raises:
            JobError, TransportError: it was refused, or nobody could be asked.
        """
        ...


class RoutingSource(Protocol):
    """How jobs are routed."""

    def routing(self) -> Routing:
        """Candidates and memory."""
        ...


class WorkersSource(Protocol):
    """The workers that the node knows; itself, where it is one."""

    def workers(self) -> Workers:
        """Everyone of them."""
        ...


class DrainSource(Protocol):
    """Draining, where the node can order it."""

    async def drain(self, name: str) -> int:
        """Take no new work there; what is left to finish.

        Raises:
            ConfigError: no node of that name can be drained from here.
            TransportError: it could not be asked.
        """
        ...


class SettingsSource(Protocol):
    """The settings the node runs with."""

    def settings(self) -> SettingsPage:
        """Every one, secrets hidden."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sources:
    """All that one node can show, and do."""

    name: str
    role: str
    overview: OverviewSource
    members: MembersSource | None = None
    jobs: JobsSource | None = None
    cancel: CancelSource | None = None
    routing: RoutingSource | None = None
    workers: WorkersSource | None = None
    drain: DrainSource | None = None
    settings: SettingsSource | None = None
