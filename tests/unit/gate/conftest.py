"""A world of gates for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .world import GateWorld


@pytest.fixture
async def world() -> AsyncIterator[GateWorld]:
    """Empty; closed after the test."""
    made = GateWorld()
    yield made
    await made.close()
