"""Which event loops the tests run on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop
from hypothesis import settings

settings.register_profile("shoal", deadline=None)
settings.load_profile("shoal")
"""No deadline for an example: it would measure the machine, not the code."""

BOTH_LOOPS = ("tests/unit/transport/", "tests/unit/membership/")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The rooms that touch sockets are tested on both loops, the others on the standard one."""
    if item.nodeid.startswith(BOTH_LOOPS):
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
