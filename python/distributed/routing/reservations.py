"""Cores promised to work that is on its way, so that a burst cannot promise them twice.

A reservation counts until it is released (refusal, timeout, job end), until it expires, or,
once acknowledged, until a capacity report from after the acknowledgement shows the work
itself: otherwise the cores would look free between the two.
"""

from __future__ import annotations

from heapq import heappop, heappush


class Reservation:
    """Cores held in one datacenter for one dispatch. Hangs off the job's record.

    `cores` were free when they were promised; `waiting` is the part of the dispatch that has
    to queue there.
    """

    __slots__ = ("_book", "acknowledged_at", "cores", "datacenter", "expires_at", "open", "waiting")

    def __init__(
        self, book: Reservations, datacenter: str, cores: int, waiting: int, expires_at: float
    ) -> None:
        self._book = book
        self.datacenter = datacenter
        self.cores = cores
        self.waiting = waiting
        self.expires_at = expires_at
        self.acknowledged_at: float | None = None
        self.open = True

    def release(self) -> None:
        """Refused, timed out or over: the cores are free again at once. Idempotent."""
        self._book._close(self)

    def acknowledge(self, now: float) -> None:
        """The datacenter took the work; its next report will show it."""
        if self.open and self.acknowledged_at is None:
            self.acknowledged_at = now


OnTheWay = dict[str, tuple[int, int]]
"""For each datacenter: free cores promised, and cores' worth of work that will queue."""


class Reservations:
    """Every open reservation of one gate, summed for each datacenter."""

    def __init__(self, *, expiry_seconds: float = 30.0) -> None:
        self._expiry = expiry_seconds
        self._open: dict[str, set[Reservation]] = {}
        self._sums: OnTheWay = {}
        self._due: list[tuple[float, int, Reservation]] = []
        self._made = 0

    def reserve(self, datacenter: str, wanted: int, reported_free: int, now: float) -> Reservation:
        """Promise as many of the wanted cores as are really free; the rest waits.

        `reported_free` is the newest report's figure; what is already promised comes off it
        here, so the sum of promises never exceeds it.
        """
        self.expire(now)
        promised, waiting = self._sums.get(datacenter, (0, 0))
        cores = min(wanted, max(0, reported_free - promised))
        entry = Reservation(self, datacenter, cores, wanted - cores, now + self._expiry)
        self._open.setdefault(datacenter, set()).add(entry)
        self._sums[datacenter] = (promised + cores, waiting + entry.waiting)
        self._made += 1
        heappush(self._due, (entry.expires_at, self._made, entry))
        return entry

    def reported(self, datacenter: str, at: float) -> None:
        """A capacity report arrived at `at`: it shows all that was acknowledged before."""
        for entry in list(self._open.get(datacenter, ())):
            if entry.acknowledged_at is not None and entry.acknowledged_at < at:
                self._close(entry)

    def expire(self, now: float) -> list[Reservation]:
        """Close what is past its time and say what it was."""
        expired = []
        while self._due and (self._due[0][0] <= now or not self._due[0][2].open):
            entry = heappop(self._due)[2]
            if entry.open:
                expired.append(entry)
                self._close(entry)
        return expired

    def drop(self, datacenter: str) -> None:
        """The datacenter is gone: close everything there."""
        for entry in list(self._open.get(datacenter, ())):
            self._close(entry)

    def on_the_way(self, datacenter: str) -> tuple[int, int]:
        """Free cores promised there, and cores' worth of work that will queue there."""
        return self._sums.get(datacenter, (0, 0))

    def snapshot(self) -> OnTheWay:
        """`on_the_way` of every datacenter that has any, as of now."""
        return self._sums.copy()

    def __len__(self) -> int:
        return sum(len(entries) for entries in self._open.values())

    def _close(self, entry: Reservation) -> None:
        if not entry.open:
            return
        entry.open = False
        entries = self._open[entry.datacenter]
        entries.discard(entry)
        if entries:
            promised, waiting = self._sums[entry.datacenter]
            self._sums[entry.datacenter] = (promised - entry.cores, waiting - entry.waiting)
        else:
            del self._open[entry.datacenter], self._sums[entry.datacenter]
