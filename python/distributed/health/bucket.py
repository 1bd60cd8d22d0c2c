"""The four states that routing knows a datacenter by."""

from __future__ import annotations

from enum import IntEnum


class Bucket(IntEnum):
    """Lower is better; a job goes to the lowest bucket that has a candidate.

    Busy is not unhealthy: a full datacenter queues. Unhealthy is never used.
    """

    HEALTHY = 0
    BUSY = 1
    DEGRADED = 2
    UNHEALTHY = 3

    @property
    def label(self) -> str:
        """The name as people read it."""
        return self.name.lower()
