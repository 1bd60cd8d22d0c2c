"""The workflow that `shoal bench` runs: it does nothing."""

from __future__ import annotations

from typing import Any


def nothing(ctx: Any) -> None:
    """Return at once."""
