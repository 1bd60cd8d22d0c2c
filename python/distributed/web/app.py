"""What a node shows over HTTP, as an ASGI app that a service can mount too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from distributed.errors import JobRejected, ShoalError

from .actions import Actions
from .draw.chart import chart
from .live import EventStream, Full, Topic
from .pages import PAGES, Page, Query
from .plain import plain
from .security import SecureHeaders
from .site import Site

if TYPE_CHECKING:
    from starlette.requests import Request

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATIC = Path(__file__).with_name("static")
CHARTS = frozenset(name for page in PAGES.values() for name in page.plots)
PICTURES = ("coordinates", "job-graph", "job-stream")


def make_app(site: Site, exposition: Callable[[], bytes] = bytes) -> Starlette:
    """The app over one node; `exposition` is its Prometheus text. Start the site first."""
    pages = Pages(site, exposition)
    actions = Actions(site)
    return Starlette(
        routes=[
            Route("/metrics", pages.metrics),
            Route("/healthz", pages.healthy),
            Route("/status.json", pages.status),
            Route("/", pages.page, name="overview"),
            Route("/jobs/{job}.json", pages.job_json),
            Route("/jobs/{job}", pages.job),
            Route("/jobs/{job}/cancel", actions.cancel, methods=["POST"]),
            Route("/drain", actions.drain, methods=["POST"]),
            Route("/session", actions.sign_in, methods=["POST"]),
            Route("/session/end", actions.sign_out, methods=["POST"]),
            Route("/live/{page}", pages.live),
            Route("/plots/{plot}.json", pages.plot_json),
            Route("/plots/{plot}.svg", pages.plot_svg),
            Route("/plots/{plot}", pages.plot),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
            Route("/{page}.json", pages.page_json),
            Route("/{page}", pages.page),
        ],
        middleware=[Middleware(SecureHeaders)],
    )


class Pages:
    """Answers to readers; changes nothing."""

    def __init__(self, site: Site, exposition: Callable[[], bytes]) -> None:
        self._site = site
        self._exposition = exposition

    async def metrics(self, _: Request) -> Response:
        """Prometheus text."""
        return Response(self._exposition(), media_type=METRICS_TYPE)

    async def healthy(self, _: Request) -> Response:
        """The process answers."""
        return Response("ok\n", media_type="text/plain")

    async def status(self, _: Request) -> Response:
        """The node as plain data."""
        node = self._site.sources.overview.overview().node
        return as_json(node)

    async def page(self, request: Request) -> Response:
        """A page by name."""
        page = PAGES.get(request.path_params.get("page", "overview"))
        if page is None or page.name == "job":
            return self._missing(request, "There is no such page.")
        return await self._document(request, page, _query(request, page))

    async def job(self, request: Request) -> Response:
        """One job's page."""
        page = PAGES["job"]
        return await self._document(request, page, {"job": request.path_params["job"]})

    async def page_json(self, request: Request) -> Response:
        """A page's value."""
        page = PAGES.get(request.path_params["page"])
        if page is None:
            return as_json({"error": "there is no such page"}, 404)
        return await self._value(page, _query(request, page))

    async def job_json(self, request: Request) -> Response:
        """One job's value."""
        return await self._value(PAGES["job"], {"job": request.path_params["job"]})

    async def live(self, request: Request) -> Response:
        """A page's changes as server-sent events."""
        page = PAGES.get(request.path_params["page"])
        if page is None:
            return as_json({"error": "there is no such page"}, 404)
        topic = Topic(page.name, tuple(sorted(_query(request, page).items())), base_of(request))
        try:
            client = self._site.hub.join(topic)
        except Full as full:
            return Response(f"{full}\n", 503, {"Retry-After": "10"}, "text/plain")
        return EventStream(self._site.hub, topic, client)

    async def plot(self, request: Request) -> Response:
        """One plot alone."""
        name, query = request.path_params["plot"], dict(request.query_params)
        if name not in PICTURES and name not in CHARTS:
            return self._missing(request, "There is no such plot.")
        picture = await self._site.picture(name, query) if name in PICTURES else None
        if name in PICTURES and picture is None:
            return self._missing(request, "There is nothing to draw.")
        return self._whole(
            request, "plot.html", name=name, query=query, picture=picture, job=query.get("job", "")
        )

    async def plot_json(self, request: Request) -> Response:
        """A line chart's columns; no content where nothing was sampled yet."""
        name = request.path_params["plot"]
        if name not in CHARTS:
            return as_json({"error": "there is no such plot"}, 404)
        plot = self._site.plot(name, request.query_params)
        return Response(status_code=204) if plot is None else as_json(plot)

    async def plot_svg(self, request: Request) -> Response:
        """Any plot as a picture."""
        name, query = request.path_params["plot"], request.query_params
        picture = await self._site.picture(name, query)
        if picture is None:
            plot = self._site.plot(name, query)
            if plot is None:
                return Response("there is no such plot\n", 404, media_type="text/plain")
            picture = chart(plot)
        return Response(str(picture), media_type="image/svg+xml")

    async def _value(self, page: Page, query: Query) -> Response:
        if not page.given(self._site.sources):
            role = self._site.sources.role
            return as_json({"error": f"{page.title} is for {page.whose}; this is a {role}"}, 404)
        try:
            value = await self._site.value(page, query)
        except JobRejected as error:
            return as_json({"error": str(error)}, 400)
        except ShoalError as error:
            return as_json({"error": str(error)}, 503)
        if value is None:
            return as_json({"error": "nothing of that name is known here"}, 404)
        return as_json(value)

    async def _document(self, request: Request, page: Page, query: Query) -> Response:
        base = base_of(request)
        live = "&".join(f"{key}={quoted(value)}" for key, value in sorted(query.items()) if value)
        fragment = await self._site.fragment(page, query, base)
        return self._whole(
            request,
            "page.html",
            page=page,
            query=query,
            fragment=fragment,
            live=f"{base}/live/{page.name}{'?' if live else ''}{live}",
            job=query.get("job", ""),
        )

    def _missing(self, request: Request, text: str) -> Response:
        return self._whole(request, "note.html", 404, text=text)

    def _whole(
        self, request: Request, template: str, status: int = 200, **known: Any
    ) -> HTMLResponse:
        document = self._site.whole(
            template,
            base=base_of(request),
            guard=self._site.guard,
            csrf=self._site.guard.csrf(request),
            notice=self._site.guard.opened(request.query_params.get("notice", "")),
            **known,
        )
        return HTMLResponse(document, status, {"Cache-Control": "no-store"})


def as_json(value: Any, status: int = 200) -> Response:
    """Plain data as JSON."""
    return Response(
        msgspec.json.encode(plain(value)), status, {"Cache-Control": "no-store"}, "application/json"
    )


def base_of(request: Request) -> str:
    """The path the app is mounted at, "" at the root."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def quoted(text: str) -> str:
    """A text for a query string."""
    from urllib.parse import quote

    return quote(text, safe="")


def _query(request: Request, page: Page) -> Query:
    given = request.query_params
    found = {}
    for name in page.takes:
        values = [value for value in given.getlist(name) if value]
        if values:
            found[name] = ",".join(values)[:500]
    return found
