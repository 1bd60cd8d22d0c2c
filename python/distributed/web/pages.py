"""The pages: how each gets its value from the sources, and what it is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from distributed.types import JobState

from .sources import Sources

Query = Mapping[str, str]
Load = Callable[[Sources, Query], Awaitable[msgspec.Struct | None]]


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        name: its address, its template and its `.json`.
        title: what people call it.
        about: one sentence under the title.
        given: whether the node's role has this page.
        load: its value; None where what was asked for does not exist.
        takes: parameters that choose what it shows; others are ignored.
        plots: line charts on it, by name.
        whose: who has the page, for those who do not.
    """

    name: str
    title: str
    about: str
    given: Callable[[Sources], bool]
    load: Load
    takes: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()
    whose: str = "a node that takes part in a membership"


async def _overview(sources: Sources, _: Query) -> msgspec.Struct:
    return sources.overview.overview()


async def _members(sources: Sources, _: Query) -> msgspec.Struct | None:
    return sources.members.members() if sources.members else None


async def _coordinates(sources: Sources, _: Query) -> msgspec.Struct | None:
    return sources.members.coordinates() if sources.members else None


async def _native(sources: Sources, _: Query) -> msgspec.Struct | None:
    return sources.members.native() if sources.members else None


async def _jobs(sources: Sources, query: Query) -> msgspec.Struct | None:
    if sources.jobs is None:
        return None
    states = tuple(state for state in query.get("state", "").split(",") if state)
    return await sources.jobs.jobs(
        states=states, search=query.get("search", "")[:200], before=query.get("before", "")
    )


async def _job(sources: Sources, query: Query) -> msgspec.Struct | None:
    return await sources.jobs.job(query.get("job", "")) if sources.jobs else None


async def _routing(sources: Sources, _: Query) -> msgspec.Struct | None:
    return sources.routing.routing() if sources.routing else None


async def _workers(sources: Sources, _: Query) -> msgspec.Struct | None:
    return sources.workers.workers() if sources.workers else None


async def _settings(sources: Sources, _: Query) -> msgspec.Struct | None:
    return sources.settings.settings() if sources.settings else None


PAGES = {
    page.name: page
    for page in (
        Page(
            "overview",
            "Overview",
            "The node at a glance, and what it knows of the others.",
            lambda sources: True,
            _overview,
            plots=("cores", "open-jobs"),
        ),
        Page(
            "members",
            "Members",
            "Who is there, since when, and why somebody was suspected.",
            lambda sources: sources.members is not None,
            _members,
        ),
        Page(
            "coordinates",
            "Coordinates",
            "Members laid out by estimated round trip.",
            lambda sources: sources.members is not None,
            _coordinates,
        ),
        Page(
            "jobs",
            "Jobs",
            "Newest first.",
            lambda sources: sources.jobs is not None,
            _jobs,
            takes=("state", "search", "before"),
            whose="gates and managers; this node runs what managers give it, see Workers",
        ),
        Page(
            "job",
            "Job",
            "One job from its acceptance to its end.",
            lambda sources: sources.jobs is not None,
            _job,
            takes=("job",),
            plots=("job-throughput", "job-latency", "job-running"),
            whose="gates and managers",
        ),
        Page(
            "routing",
            "Routing",
            "Where a job that needs one core would go now, and what the gate remembers.",
            lambda sources: sources.routing is not None,
            _routing,
            whose="gates, which route jobs to datacenters",
        ),
        Page(
            "workers",
            "Workers",
            "Who runs workflows, and how full they are.",
            lambda sources: sources.workers is not None,
            _workers,
            plots=("cores",),
            whose="gates, managers and workers",
        ),
        Page(
            "native",
            "Native",
            "The agent thread's own counters.",
            lambda sources: sources.members is not None,
            _native,
            plots=("datagrams", "bytes", "probes", "loop-lag"),
        ),
        Page(
            "settings",
            "Settings",
            "What this node runs with, and where each value came from.",
            lambda sources: sources.settings is not None,
            _settings,
            whose="nodes that were started by the shoal command",
        ),
    )
}

MENU = tuple(page for page in PAGES.values() if page.name != "job")
JOB_STATES = tuple(state.value for state in JobState)
