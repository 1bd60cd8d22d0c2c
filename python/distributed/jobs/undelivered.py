"""How much is kept for the next hop: a sum over all jobs, taken now and then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .outbox import Outbox

WEIGH_SECONDS = 0.5
"""How old the sum may be."""


class Keeping(Protocol):
    """A job of which results are kept."""

    outbox: Outbox


class Undelivered:
    """Whether the results kept for others are too many bytes for more to be taken on."""

    def __init__(self) -> None:
        self._over = False
        self._weighed_at = float("-inf")

    def over(self, most_bytes: int, records: Iterable[Keeping], now: float) -> bool:
        """Whether `records` keep more than `most_bytes` together, as of half a second ago."""
        if now - self._weighed_at >= WEIGH_SECONDS:
            self._weighed_at = now
            self._over = sum(record.outbox.bytes for record in records) > most_bytes
        return self._over
