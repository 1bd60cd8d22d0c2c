"""The least of a suspicion as one asyncio task, as failure detectors in plain Python do it.

A stand-in for the system that this one improves on, from what is known of it: one task for
each suspicion that sleeps towards the deadline; a set of confirmers; the timeout falls with the
logarithm of their number; only a higher incarnation refutes. Its locks, counters, limits,
callbacks and logs are left out, so that it is faster than what it stands for.
"""

from __future__ import annotations

import asyncio
import math


class Suspicion:
    """One suspected node."""

    __slots__ = ("confirmers", "incarnation", "started_at", "task")

    def __init__(self, incarnation: int, accuser: int, started_at: float) -> None:
        self.incarnation = incarnation
        self.confirmers = {accuser}
        self.started_at = started_at
        self.task: asyncio.Task[None] | None = None

    def deadline(self, least: float, most: float, members: int) -> float:
        """The moment at which it expires, in seconds on the loop's clock."""
        share = math.log(len(self.confirmers) + 1) / math.log(members + 1)
        return self.started_at + max(least, most - (most - least) * share)


class SuspicionTasks:
    """Suspected nodes, each with its task, on the running loop. Bounds are in seconds."""

    def __init__(self, least: float, most: float, members: int) -> None:
        self._bounds = (least, most, members)
        self._loop = asyncio.get_running_loop()
        self._suspicions: dict[int, Suspicion] = {}

    def suspect(self, node: int, incarnation: int, accuser: int) -> bool:
        """Opens a suspicion; false for a node that is suspected at no lower incarnation."""
        known = self._suspicions.get(node)
        if known is not None and known.incarnation >= incarnation:
            return False
        suspicion = Suspicion(incarnation, accuser, self._loop.time())
        self._suspicions[node] = suspicion
        suspicion.task = self._loop.create_task(self._watch(node, suspicion))
        return True

    def confirm(self, node: int, incarnation: int, confirmer: int) -> bool:
        """Counts a confirmer; false for one that was counted, or for another incarnation."""
        known = self._suspicions.get(node)
        if known is None or known.incarnation != incarnation or confirmer in known.confirmers:
            return False
        known.confirmers.add(confirmer)
        known.deadline(*self._bounds)
        return True

    def refute(self, node: int, incarnation: int) -> bool:
        """Ends a suspicion at a lower incarnation."""
        known = self._suspicions.get(node)
        if known is None or known.incarnation >= incarnation or known.task is None:
            return False
        del self._suspicions[node]
        known.task.cancel()
        return True

    async def _watch(self, node: int, suspicion: Suspicion) -> None:
        while True:
            remaining = suspicion.deadline(*self._bounds) - self._loop.time()
            if remaining <= 0:
                del self._suspicions[node]
                return
            await asyncio.sleep(min(remaining, 1.0))
