"""Running a document's Python as it stands: its blocks in order, in one namespace.

`STAGES` says for each document what stands around its blocks: names that the text before a block
introduces in words, a cluster behind the addresses it names, and what must come out.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from distributed import Client, Node, Workflow
from distributed.commands.local.cluster import LocalCluster, Shape
from distributed.jobs.validation import check_job
from distributed.messages.job import Job
from distributed.routing.request import RouteRequest
from tests.unit.routing.test_knowledge import status, two

PAGES = """
def fetch(ctx, url): return url
def count(ctx, path): return 1
def join(ctx): return sorted(ctx.results)
def probe(ctx): return "answer"
def table(ctx, rows):
    print("reading")
    return [[row, "x" * 10] for row in range(rows)]
"""


class Stage:
    """One document's namespace, and everything it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "document"}
        self.replaced: dict[str, str] = {}
        self.printed = ""
        self.before: Callable[[], None] = lambda: None

    async def run(self, text: str) -> None:
        """Run one block, whose top level may await."""
        self.before()
        for written, here in self.replaced.items():
            text = text.replace(written, here)
        flag = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(text, "block", "exec", flags=flag, dont_inherit=True)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            running = eval(code, self.names)
            if inspect.iscoroutine(running):
                await running
        self.printed += out.getvalue()


Around = Callable[[Stage, pytest.MonkeyPatch], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def jobs(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Two datacenters behind the gates, and the functions that the jobs name."""
    package = stage.folder / "myteam"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "pages.py").write_text(PAGES)
    patch.syspath_prepend(str(stage.folder))
    patch.setenv("SHOAL_WORKER_IMPORT_PATHS", str(stage.folder))
    shape = Shape(datacenters=("eu", "us"), workers=1)
    async with LocalCluster(shape, stage.folder) as cluster:
        (gate,) = cluster.addresses("gate")
        stage.replaced = {"gate-1:7000": gate, "gate-2:7000": gate}
        async with Client(gate) as client:
            flows = (Workflow(name="probe", run="myteam.pages:probe"),)
            stage.before = lambda: stage.names.update(client=client, flows=flows)
            yield
    assert "['count', 'fetch']" in stage.printed
    assert "{'probe': {'eu': 'answer', 'us': 'answer'}}" in stage.printed
    assert "probe answer" in stage.printed
    assert "200000 rows" in stage.printed
    assert "table stdout reading" in stage.printed


@asynccontextmanager
async def execution(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Its workflows are checked as a job's."""
    made: list[Workflow] = []

    def workflow(**fields: Any) -> Workflow:
        made.append(Workflow(**fields))
        return made[-1]

    stage.names["Workflow"] = workflow
    yield
    check_job(Job(name="all", workflows=tuple(made)))
    assert list(inspect.signature(stage.names["count"]).parameters) == ["ctx", "path"]


@asynccontextmanager
async def membership(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A member to join through, and one that comes later."""
    async with Node.join(name="first", bind="127.0.0.1:0") as seed:
        stage.replaced = {"127.0.0.1:7946": seed.address}
        yield
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            watching = asyncio.ensure_future(stage.names["main"]())
            while seed.member("api-1") is None:
                assert not watching.done()
                await asyncio.sleep(0.05)
            for number in count():
                if "here: late" in out.getvalue():
                    break
                assert not watching.done()
                async with Node.join(
                    name=f"late-{number}", bind="127.0.0.1:0", seeds=[seed.address]
                ):
                    await asyncio.sleep(0.2)
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


@asynccontextmanager
async def operating(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Its client is closed again."""
    yield
    await stage.names["client"].close()


@asynccontextmanager
async def routing(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A gate that knows two datacenters, the nearer one full."""
    knowledge = two()
    knowledge.status(status("near", 2, free_cores=0, queued=60, dispatch_rate=2.0), 0.0)
    stage.names |= {"knowledge": knowledge, "RouteRequest": RouteRequest, "now": 0.1}
    yield


@asynccontextmanager
async def simulation(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """What it defines is a test: it must pass, on a loop of its own."""
    yield
    await asyncio.to_thread(stage.names["test_a_worker_that_dies_loses_nothing"])


@asynccontextmanager
async def status_page(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The app that it mounts gives the member's pages."""
    yield
    async with Node.join(name="api-1", bind="127.0.0.1:0") as node:
        transport = httpx.ASGITransport(await stage.names["mounted"](node))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            assert "api-1" in (await client.get("/shoal/")).text


@asynccontextmanager
async def embedding(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """It is a whole program; here it runs in a loop that is there already."""
    stage.replaced = {"asyncio.run(main())": "await main()"}
    yield
    assert "sees 1.4" in stage.printed
    assert "suspected: api-2" in stage.printed


@asynccontextmanager
async def as_it_is(stage: Stage, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Nothing stands around it."""
    yield


STAGES: dict[str, Around] = {
    "docs/embedding.md": embedding,
    "docs/execution.md": execution,
    "docs/jobs.md": jobs,
    "docs/membership.md": membership,
    "docs/operating.md": operating,
    "docs/routing.md": routing,
    "docs/simulation-core.md": as_it_is,
    "docs/simulation.md": simulation,
    "docs/status-page.md": status_page,
}
