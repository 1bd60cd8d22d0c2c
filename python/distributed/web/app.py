"""What a node shows over HTTP."""

from __future__ import annotations

from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributed.messages.admin import NodeStatus

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Source(Protocol):
    """Where the pages take their facts from."""

    def status(self) -> NodeStatus:
        """The node as plain data."""
        ...

    def exposition(self) -> bytes:
        """Prometheus text."""
        ...


def make_app(source: Source) -> Starlette:
    """An ASGI app over one node, served by the node or mounted by its owner."""

    async def metrics(_: Request) -> Response:
        return Response(source.exposition(), media_type=METRICS_TYPE)

    async def status(_: Request) -> Response:
        plain = msgspec.to_builtins(msgspec.structs.asdict(source.status()))
        return Response(msgspec.json.encode(plain), media_type="application/json")

    async def healthy(_: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/status.json", status),
            Route("/healthz", healthy),
        ]
    )
