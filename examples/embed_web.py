"""A web service that knows its peers: a member embedded in an ASGI application.

    uvicorn --app-dir examples embed_web:app --port 8000
    SEEDS=127.0.0.1:7946 NAME=web-2 BIND=127.0.0.1:0 uvicorn … --port 8001

`GET /peers` lists the living members; `GET /stream` follows changes as server-sent events.
The node lives on the service's own event loop: nothing else is started.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from distributed.membership import MemberEvent, Node


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    seeds = [seed for seed in os.environ.get("SEEDS", "").split(",") if seed]
    async with Node.join(
        name=os.environ.get("NAME", "web-1"),
        bind=os.environ.get("BIND", "127.0.0.1:7946"),
        seeds=seeds,
        meta={"role": "web"},
    ) as node:
        app.state.node = node
        yield


async def peers(request: Request) -> JSONResponse:
    node: Node = request.app.state.node
    return JSONResponse(
        [
            {"name": member.name, "address": member.address, "degraded": member.degraded}
            for member in node.members()
            if member.is_alive
        ]
    )


async def stream(request: Request) -> StreamingResponse:
    node: Node = request.app.state.node

    async def lines() -> AsyncIterator[str]:
        async for event in node.events():
            if isinstance(event, MemberEvent):
                told = {"kind": event.kind, "member": event.member.name, "reason": event.reason}
                yield f"data: {json.dumps(told)}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


app = Starlette(routes=[Route("/peers", peers), Route("/stream", stream)], lifespan=lifespan)
