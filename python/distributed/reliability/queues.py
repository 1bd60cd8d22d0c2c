"""Bounded queues that say what they dropped, and serve by class without starving any."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from .shedding import MessageClass

Item = TypeVar("Item")


class Full(StrEnum):
    """What a full queue does with a new item."""

    DROP_OLDEST = "drop_oldest"
    DROP_NEWEST = "drop_newest"
    REFUSE = "refuse"


class Offer(msgspec.Struct, Generic[Item], frozen=True):
    """Whether the item was taken, and what had to go for it: its waiter is to be told."""

    taken: bool
    dropped: tuple[Item, ...] = ()


class BoundedQueue(Generic[Item]):
    """First in, first out, never longer than its limit; items carry when they came."""

    def __init__(self, limit: int, full: Full = Full.DROP_OLDEST) -> None:
        if limit < 1:
            raise ValueError(f"a queue of {limit} items takes none: give at least 1")
        self._limit = limit
        self._full = full
        self._items: deque[tuple[float, Item]] = deque()
        self.dropped = 0

    def offer(self, item: Item, now: float) -> Offer[Item]:
        """Add an item, or say what happened instead."""
        if len(self._items) < self._limit:
            self._items.append((now, item))
            return Offer(True)
        if self._full is Full.REFUSE:
            return Offer(False)
        self.dropped += 1
        if self._full is Full.DROP_NEWEST:
            return Offer(False, (item,))
        oldest = self._items.popleft()[1]
        self._items.append((now, item))
        return Offer(True, (oldest,))

    def take(self, now: float) -> tuple[Item, float] | None:
        """The oldest item and how long it waited in seconds; None if there is none."""
        if not self._items:
            return None
        at, item = self._items.popleft()
        return item, max(0.0, now - at)

    def delay(self, now: float) -> float:
        """How long the oldest item has waited; 0 for an empty queue."""
        return max(0.0, now - self._items[0][0]) if self._items else 0.0

    def __len__(self) -> int:
        return len(self._items)


class ClassQueues(Generic[Item]):
    """A queue for each message class: the most important first, but every class gets turns.

    Control always goes first. Of the others each waiting class is served at least once in
    `patience` turns, so a flood of results cannot starve statistics for ever.
    """

    def __init__(self, limits: dict[MessageClass, int], *, patience: int = 16) -> None:
        self._queues = {
            kind: BoundedQueue[Item](
                limits[kind], Full.REFUSE if kind <= MessageClass.WORK else Full.DROP_OLDEST
            )
            for kind in sorted(limits)
        }
        self._passed_over = dict.fromkeys(self._queues, 0)
        self._patience = patience

    def offer(self, kind: MessageClass, item: Item, now: float) -> Offer[Item]:
        """Queue an item of a class."""
        return self._queues[kind].offer(item, now)

    def take(self, now: float) -> tuple[MessageClass, Item, float] | None:
        """The next item, its class and how long it waited; None if all are empty."""
        waiting = [kind for kind, queue in self._queues.items() if len(queue)]
        if not waiting:
            return None
        chosen = waiting[0]
        if chosen is not MessageClass.CONTROL:
            starved = [k for k in waiting if self._passed_over[k] >= self._patience - 1]
            chosen = starved[0] if starved else chosen
        for kind in waiting:
            self._passed_over[kind] = 0 if kind is chosen else self._passed_over[kind] + 1
        taken = self._queues[chosen].take(now)
        return None if taken is None else (chosen, *taken)

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())
