"""A client of the app over a fake node, without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from distributed.web.app import make_app
from distributed.web.site import Site

from .fakes import TOKEN, FakeNode, gate_site


def client_of(site: Site, *, root_path: str = "") -> httpx.AsyncClient:
    """A browser's stand-in."""
    transport = httpx.ASGITransport(make_app(site), root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url="http://node")


@pytest.fixture
def node() -> FakeNode:
    """What the pages show."""
    return FakeNode()


@pytest.fixture
async def browser(node: FakeNode) -> AsyncIterator[httpx.AsyncClient]:
    """Looks at a node whose actions are on."""
    async with client_of(gate_site(node, token=TOKEN)) as client:
        yield client
