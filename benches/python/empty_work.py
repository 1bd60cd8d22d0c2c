"""A workflow that does nothing."""

from typing import Any


def nothing(ctx: Any) -> None:
    """Return at once."""
