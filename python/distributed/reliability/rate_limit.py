"""How often one client may ask, exactly and in constant space for each client.

The generic cell rate algorithm (ITU-T I.371): one number for each client, no window edges.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A sustained rate and the burst that is let through on top.

    Attributes:
        per_second: requests each second in the long run.
        burst: requests at once after a pause.
    """

    per_second: float
    burst: float = 1.0


class RateLimiter:
    """One kind of operation, many clients.

    A client is known by its authenticated identity, never by what it writes in a message.

    Args:
        rate: for each client.
        max_clients: clients remembered; the longest idle is forgotten first, which can only
            make the limit more generous.
        idle_seconds: after that long a client is forgotten.
    """

    def __init__(
        self, rate: Rate, *, max_clients: int = 10_000, idle_seconds: float = 300.0
    ) -> None:
        self._rate = rate
        self._max_clients = max_clients
        self._idle = idle_seconds
        self._full_at: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.refused = 0

    def admit(
        self, client: str, now: float, *, cost: float = 1.0, factor: float = 1.0
    ) -> float | None:
        """None if the request may pass, else seconds after which it is worth asking again.

        `factor` scales the rate for now: below 1 under pressure. A refused request costs its
        client nothing.
        """
        per_second = max(1e-9, self._rate.per_second * factor)
        due, _ = self._full_at.get(client, (now, now))
        step = cost / per_second
        due = max(due, now) + step
        over = due - now - max(self._rate.burst, cost) / per_second
        if over > 1e-9:
            self.refused += 1
            self._touch(client, due - step, now)
            return over
        self._touch(client, due, now)
        return None

    def sweep(self, now: float) -> int:
        """Forget idle clients; returns how many."""
        gone = 0
        while self._full_at:
            client, (due, seen) = next(iter(self._full_at.items()))
            if max(due, seen) + self._idle > now:
                break
            del self._full_at[client]
            gone += 1
        return gone

    def __len__(self) -> int:
        return len(self._full_at)

    def _touch(self, client: str, due: float, now: float) -> None:
        self._full_at[client] = (due, now)
        self._full_at.move_to_end(client)
        if len(self._full_at) > self._max_clients:
            self._full_at.popitem(last=False)
