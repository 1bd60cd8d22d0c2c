"""What happened in a run, in order: a hash of all of it, and the recent part to read."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable

import msgspec


class TraceEvent(msgspec.Struct, frozen=True):
    """One thing that happened. `node` is where, `peer` the other end where there is one."""

    at: float
    node: str
    kind: str
    what: str
    peer: str = ""
    detail: str = ""


class Trace:
    """Events of one run.

    The hash covers every event and does not depend on the order of those that happen at the
    same instant on different nodes, since that order is the scheduler's and differs between
    versions of asyncio.
    """

    def __init__(self, now: Callable[[], float], *, keep: int = 4000) -> None:
        self._now = now
        self._hash = hashlib.blake2b(digest_size=16)
        self._instant = 0.0
        self._pending: list[str] = []
        self._recent: deque[tuple[float, str, str, str, str, str]] = deque(maxlen=keep)
        self.count = 0

    def add(self, node: str, kind: str, what: str, peer: str = "", detail: str = "") -> None:
        """Something happened now."""
        now = self._now()
        if now != self._instant:
            self._fold()
            self._instant = now
        self.count += 1
        self._pending.append(f"{node} {kind} {what} {peer} {detail}")
        self._recent.append((now, node, kind, what, peer, detail))

    @property
    def recent(self) -> list[TraceEvent]:
        """The last events, oldest first."""
        return [TraceEvent(*event) for event in self._recent]

    def digest(self) -> str:
        """Hash of everything so far."""
        self._fold()
        return self._hash.copy().hexdigest()

    def _fold(self) -> None:
        if not self._pending:
            return
        self._pending.sort()
        self._hash.update(f"{self._instant:.9f}\n".encode())
        self._hash.update("\n".join(self._pending).encode())
        self._pending.clear()
