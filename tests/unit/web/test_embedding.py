"""A service mounts the page of its own member below a path of its own."""

from __future__ import annotations

import random

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from distributed import Node
from distributed.clock import SystemClock
from distributed.supervision import Supervisor
from distributed.telemetry.logs import node_logger
from distributed.telemetry.metrics import CountingMetrics
from distributed.web.app import make_app
from distributed.web.building import site_of_member


async def test_a_member_without_a_role_has_its_members_and_counters() -> None:
    async with Node.join(name="api-1", bind="127.0.0.1:0", meta={"role": "api"}) as node:
        clock = SystemClock()
        logger = node_logger("member", node.name)
        supervisor = Supervisor(clock, random.Random(1), logger, CountingMetrics())
        site = site_of_member(node, clock=clock, supervisor=supervisor, stats=node.stats)
        site.start()
        service = Starlette(routes=[Mount("/shoal", make_app(site))])
        transport = httpx.ASGITransport(service)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                members = (await client.get("/shoal/members.json")).json()
                assert [member["name"] for member in members["members"]] == ["api-1"]
                native = (await client.get("/shoal/native.json")).json()
                assert len(native["wheel"]) == 9
                assert node.stats()["wheel_timers"] >= 1
                assert native["groups"]["Probes"]["probes"] == 0
                page = await client.get("/shoal/")
                assert 'href="/shoal/members"' in page.text
                assert "gates and managers" in (await client.get("/shoal/jobs")).text
        finally:
            await supervisor.stop()
