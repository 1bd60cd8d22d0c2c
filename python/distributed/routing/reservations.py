"""Cores promised to work that is on its way, so that a burst cannot promise them twice.

Between two capacity reports a gate knows more than the report says: what it sent since is not
in it yet, and what it sent before may have ended. A reservation counts against the reported
free cores until a report from after its acknowledgement shows the work itself; when the work
then ends, its cores count as free again before the next report says so.
"""

from __future__ import annotations

from heapq import heappop, heappush


class Reservation:
    """Cores held in one datacenter for one dispatch. Hangs off the job's record.

    `cores` were free when they were promised; `waiting` is the part of the dispatch that has
    to queue there.
    """

    __slots__ = (
        "_book",
        "acknowledged_at",
        "cores",
        "datacenter",
        "expires_at",
        "open",
        "shown",
        "waiting",
    )

    def __init__(
        self, book: Reservations, datacenter: str, cores: int, waiting: int, expires_at: float
    ) -> None:
        self._book = book
        self.datacenter = datacenter
        self.cores = cores
        self.waiting = waiting
        self.expires_at = expires_at
        self.acknowledged_at: float | None = None
        self.shown = False
        self.open = True

    def release(self) -> None:
        """Refused, timed out, finished or over: the cores are free again. Idempotent."""
        self._book._close(self)

    def acknowledge(self, now: float) -> None:
        """The datacenter took the work; its next report will show it."""
        if self.open and self.acknowledged_at is None:
            self.acknowledged_at = now


OnTheWay = dict[str, tuple[int, int]]
"""For each datacenter: by how much fewer (or more) cores are free than reported, and cores'
worth of work on its way that will queue."""


class _Account:
    """One datacenter's open reservations; `returned` ended since the last report showed them.

    No more can have been returned than was `busy` by that report: work that it showed as queued
    held no core.
    """

    __slots__ = ("busy", "open", "promised", "returned", "unshown", "waiting")

    def __init__(self) -> None:
        self.open: set[Reservation] = set()
        self.unshown: set[Reservation] = set()
        self.promised = 0
        self.waiting = 0
        self.returned = 0
        self.busy = 0


class Reservations:
    """Every open reservation of one gate, summed for each datacenter."""

    def __init__(self, *, expiry_seconds: float = 30.0) -> None:
        self._expiry = expiry_seconds
        self._accounts: dict[str, _Account] = {}
        self._sums: OnTheWay = {}
        self._due: list[tuple[float, int, Reservation]] = []
        self._made = 0

    def reserve(self, datacenter: str, wanted: int, reported_free: int, now: float) -> Reservation:
        """Promise as many of the wanted cores as are really free; the rest waits.

        `reported_free` is the newest report's figure; what is already promised comes off it
        here, so the sum of promises never exceeds what is free.
        """
        self.expire(now)
        account = self._accounts.setdefault(datacenter, _Account())
        free = reported_free - account.promised + account.returned
        cores = min(wanted, max(0, free))
        entry = Reservation(self, datacenter, cores, wanted - cores, now + self._expiry)
        account.open.add(entry)
        account.unshown.add(entry)
        account.promised += cores
        account.waiting += entry.waiting
        self._sum(datacenter, account)
        self._made += 1
        heappush(self._due, (entry.expires_at, self._made, entry))
        return entry

    def reported(self, datacenter: str, at: float, *, busy: int) -> None:
        """A capacity report arrived at `at`: it shows all that was acknowledged before.

        `busy` are the cores that it shows at work.
        """
        account = self._accounts.get(datacenter)
        if account is None:
            return
        account.returned, account.busy = 0, busy
        for entry in list(account.unshown):
            if entry.acknowledged_at is not None and entry.acknowledged_at < at:
                entry.shown = True
                self._forget(account, entry)
        self._sum(datacenter, account)

    def expire(self, now: float) -> list[Reservation]:
        """Close what was never shown within its time, and say what it was."""
        expired = []
        while self._due and (self._due[0][0] <= now or not self._counts(self._due[0][2])):
            entry = heappop(self._due)[2]
            if self._counts(entry):
                expired.append(entry)
                self._close(entry)
        return expired

    def drop(self, datacenter: str) -> None:
        """The datacenter is gone: close everything there."""
        account = self._accounts.get(datacenter)
        for entry in list(account.open) if account is not None else ():
            self._close(entry)

    def on_the_way(self, datacenter: str) -> tuple[int, int]:
        """Cores fewer (or more) than reported, and cores' worth that will queue."""
        return self._sums.get(datacenter, (0, 0))

    def snapshot(self) -> OnTheWay:
        """`on_the_way` of every datacenter where it is not nothing, as of now."""
        return self._sums.copy()

    def __len__(self) -> int:
        return sum(len(account.open) for account in self._accounts.values())

    @staticmethod
    def _counts(entry: Reservation) -> bool:
        return entry.open and not entry.shown

    def _close(self, entry: Reservation) -> None:
        if not entry.open:
            return
        entry.open = False
        account = self._accounts[entry.datacenter]
        account.open.discard(entry)
        if entry.shown:
            ended = account.returned + entry.cores + entry.waiting
            account.returned = min(ended, account.busy)
        else:
            self._forget(account, entry)
        self._sum(entry.datacenter, account)

    @staticmethod
    def _forget(account: _Account, entry: Reservation) -> None:
        account.unshown.discard(entry)
        account.promised -= entry.cores
        account.waiting -= entry.waiting

    def _sum(self, datacenter: str, account: _Account) -> None:
        sums = (account.promised - account.returned, account.waiting)
        if sums == (0, 0):
            self._sums.pop(datacenter, None)
        else:
            self._sums[datacenter] = sums
        if not account.open and not account.returned:
            del self._accounts[datacenter]
