"""A datacenter for each test, stopped in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .plane import Plane


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    """Not started yet: each test says how many nodes it wants."""
    made = Plane()
    yield made
    await made.stop()
