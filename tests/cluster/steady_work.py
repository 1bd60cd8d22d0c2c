"""Work for clusters under test: light to import, since every child does."""

from __future__ import annotations

import time
from typing import Any


def step(ctx: Any, *, number: int, seconds: float) -> int:
    """Take a while, so that what happens to the node happens during it."""
    del ctx
    time.sleep(seconds)
    return number
