"""One node's status page put together: sources, samples, live pages, and who may act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from distributed.errors import JobRejected, ShoalError
from distributed.supervision import Policy, Supervisor

from .draw.atlas import atlas, band
from .draw.graph import graph
from .draw.stream import stream
from .live import Hub, Topic, event
from .models import JobPage, Plot
from .pages import JOB_STATES, MENU, PAGES, Page, Query
from .recorder import Recorder
from .render import make_environment
from .security import Guard
from .sources import Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from markupsafe import Markup

    from distributed.clock import Clock

Background = tuple[str, "Callable[[], Coroutine[Any, Any, None]]"]


class Site:
    """What the app serves. `start` once, within the event loop that serves it.

    Args:
        sources: what there is to show.
        token: who has it may act; "" lets nobody.
        background: tasks that sources need, by name.
    """

    def __init__(
        self,
        sources: Sources,
        *,
        clock: Clock,
        supervisor: Supervisor,
        token: str = "",
        background: tuple[Background, ...] = (),
    ) -> None:
        self.sources = sources
        self.guard = Guard(token, clock)
        self.recorder = Recorder(clock, sources.overview.gauges, self._counters)
        self.hub = Hub(clock, supervisor, self._live)
        self._supervisor = supervisor
        self._background = (*background, ("samples", self.recorder.run))
        self._templates = make_environment()
        self._templates.globals.update(
            menu=MENU,
            job_states=JOB_STATES,
            draw_graph=graph,
            draw_stream=stream,
            draw_atlas=atlas,
            draw_band=band,
        )

    def start(self) -> None:
        """Begin to sample."""
        for name, factory in self._background:
            self._supervisor.spawn(f"status page: {name}", factory, policy=Policy.RESTART)

    async def value(self, page: Page, query: Query) -> msgspec.Struct | None:
        """What the page shows; None where it does not exist.

        Raises:
            ShoalError: it cannot be had now.
        """
        return await page.load(self.sources, query)

    async def fragment(self, page: Page, query: Query, base: str) -> str:
        """The part of the page that lives; an error is said in its place."""
        known = {"base": base, "query": query, "sources": self.sources, "page": page}
        if not page.given(self.sources):
            return self._templates.get_template("absent.html").render(known)
        try:
            value = await self.value(page, query)
        except ShoalError as error:
            ambiguous = isinstance(error, JobRejected)
            return self._templates.get_template("trouble.html").render(
                known, error=str(error), ambiguous=ambiguous
            )
        if value is None:
            return self._templates.get_template("missing.html").render(known)
        known["lag"] = self.recorder.lag_seconds
        return self._templates.get_template(f"{page.name}.html").render(known, it=value)

    def whole(self, template: str, **known: Any) -> str:
        """A whole document."""
        return self._templates.get_template(template).render(sources=self.sources, **known)

    def plot(self, name: str, query: Query) -> Plot | None:
        """A line chart by name."""
        if name.startswith("job-"):
            jobs = self.sources.jobs
            return jobs.trail(query.get("job", "")).get(name) if jobs else None
        return self.recorder.plot(name)

    async def picture(self, name: str, query: Query) -> Markup | None:
        """A drawn plot by name: `job-graph`, `job-stream`, `coordinates`."""
        if name == "coordinates" and self.sources.members is not None:
            return atlas(self.sources.members.coordinates())
        if name in ("job-graph", "job-stream") and self.sources.jobs is not None:
            page = await self.sources.jobs.job(query.get("job", ""))
            if isinstance(page, JobPage):
                if name == "job-graph":
                    return graph(page.job.workflows)
                return stream(page.runs, page.elapsed_seconds)
        return None

    async def _live(self, topic: Topic) -> bytes:
        page, query = PAGES[topic.page], dict(topic.query)
        message = event(await self.fragment(page, query, topic.base))
        points: dict[str, Any] = {}
        newest = self.recorder.newest()
        for name in page.plots:
            if name in newest:
                points[name] = newest[name]
            elif (plot := self.plot(name, query)) is not None:
                points[name] = [column[-1] if column else None for column in plot.columns]
        if points:
            message += event(msgspec.json.encode(points).decode(), "points")
        return message

    def _counters(self) -> dict[str, int]:
        if self.sources.members is None:
            return {}
        native = self.sources.members.native()
        return {name: value for group in native.groups.values() for name, value in group.items()}
