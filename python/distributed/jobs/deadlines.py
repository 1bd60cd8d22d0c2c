"""Many deadlines, one of which is next: what a role's one timer task looks at."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K")


class Deadlines(Generic[K]):
    """Keys with an instant each, on the caller's clock. Setting a key again moves it."""

    __slots__ = ("_at", "_heap", "_sequence")

    def __init__(self) -> None:
        self._at: dict[K, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, key: K) -> bool:
        return key in self._at

    def set(self, key: K, at: float) -> None:
        """`key` is due at `at`."""
        self._sequence += 1
        self._at[key] = (at, self._sequence)
        heappush(self._heap, (at, self._sequence, key))
        if len(self._heap) > 64 and len(self._heap) > 4 * len(self._at):
            self._heap = sorted(
                ((at, sequence, key) for key, (at, sequence) in self._at.items()),
                key=lambda entry: entry[:2],
            )

    def cancel(self, key: K) -> None:
        """`key` is not due any more; nothing happens where it was not."""
        self._at.pop(key, None)

    def at(self, key: K) -> float | None:
        """When `key` is due, or None."""
        found = self._at.get(key)
        return found[0] if found else None

    def due(self, now: float) -> list[K]:
        """Keys due at `now`, in deadline order, ties in the order set; each told once."""
        keys = []
        while self._heap and self._heap[0][0] <= now:
            _, sequence, key = heappop(self._heap)
            current = self._at.get(key)
            if current is not None and current[1] == sequence:
                del self._at[key]
                keys.append(key)
        return keys
