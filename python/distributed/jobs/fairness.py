"""Which ready workflow comes next: shares between jobs, order within one.

Between jobs, start-time fair queueing (Goyal, Vin and Cheng, "Start-time fair queueing",
1996): a job that waits gets cores in proportion to its weight, whatever others submit, so
none starves and none takes everything. A workflow's priority doubles its job's weight for
each step. Within a job, higher priorities first, and waiting raises them: the sort key is
fixed when a workflow becomes ready, since all that wait age alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

import msgspec

AGE_SECONDS = 10.0
PRIORITY_CLAMP = 8


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A workflow that may start. `since` is when it became ready, on the caller's clock."""

    name: str
    cores: int
    priority: int
    since: float
    memory_bytes: int = 0


class JobLine:
    """Ready workflows of one job; hangs off the job's record.

    Kept apart by the cores and memory they need, so that what fits is found without passing
    by what does not.
    """

    __slots__ = ("_by_need", "_live", "_sequence", "exclusive", "owner", "queued", "tag")

    def __init__(self, owner: object, *, exclusive: bool = False) -> None:
        self.owner = owner
        self.exclusive = exclusive
        self.tag = 0.0
        self.queued = False
        self._by_need: dict[tuple[int, int], list[tuple[float, int, Ready]]] = {}
        self._live: dict[str, Ready] = {}
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Ready]:
        """All that wait, in no order."""
        return iter(tuple(self._live.values()))

    def __contains__(self, name: str) -> bool:
        return name in self._live

    def push(self, entry: Ready) -> None:
        """`entry` may start."""
        self._sequence += 1
        key = entry.since / AGE_SECONDS - entry.priority
        heap = self._by_need.setdefault((entry.cores, entry.memory_bytes), [])
        heappush(heap, (key, self._sequence, entry))
        self._live[entry.name] = entry

    def discard(self, name: str) -> bool:
        """`name` may not start after all; False where it did not wait."""
        return self._live.pop(name, None) is not None

    def head(self, widest: int | None = None, roomiest: int | None = None) -> Ready | None:
        """The next to start among those that need at most so many cores and bytes."""
        best: tuple[float, int, Ready] | None = None
        for need in tuple(self._by_need):
            cores, memory_bytes = need
            if widest is not None and cores > widest:
                continue
            if roomiest is not None and memory_bytes > roomiest:
                continue
            heap = self._by_need[need]
            while heap and self._live.get(heap[0][2].name) is not heap[0][2]:
                heappop(heap)
            if not heap:
                del self._by_need[need]
            elif best is None or heap[0] < best:
                best = heap[0]
        return best[2] if best else None

    def take(self, entry: Ready) -> None:
        """`entry`, given by `head`, starts."""
        del self._live[entry.name]
        heappop(self._by_need[entry.cores, entry.memory_bytes])


class FairQueue:
    """Jobs with something ready, the one furthest behind its share first.

    A round is: `next`, then either `take` or `set_aside`, until `next` gives None; then
    `end_round`. What is set aside is not offered again in the same round.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, JobLine]] = []
        self._aside: list[JobLine] = []
        self._virtual_time = 0.0
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._heap) + len(self._aside)

    def push(self, line: JobLine, entry: Ready) -> None:
        """`entry` of the job behind `line` may start."""
        line.push(entry)
        if not line.queued:
            line.queued = True
            line.tag = max(line.tag, self._virtual_time)
            self._insert(line)

    def next(self) -> JobLine | None:
        """The job whose turn it is, or None where nothing is left in this round."""
        while self._heap:
            line = self._heap[0][2]
            if len(line):
                return line
            heappop(self._heap)
            line.queued = False
        return None

    def take(self, line: JobLine, entry: Ready) -> None:
        """`entry`, the head of `line` given by `next`, starts: the job pays for its cores."""
        heappop(self._heap)
        line.take(entry)
        self._virtual_time = max(self._virtual_time, line.tag)
        line.tag += entry.cores / weight(entry.priority)
        if len(line):
            self._insert(line)
        else:
            line.queued = False

    def set_aside(self, line: JobLine) -> None:
        """Nothing of `line`, given by `next`, can start now."""
        heappop(self._heap)
        self._aside.append(line)

    def end_round(self) -> None:
        """Offer again what was set aside."""
        for line in self._aside:
            self._insert(line)
        self._aside.clear()

    def waiting(self) -> tuple[JobLine, ...]:
        """Every job with something ready, in no order."""
        return tuple(line for _, _, line in self._heap if len(line))

    def remove(self, line: JobLine) -> None:
        """The job has ended: nothing of it stays here."""
        if line.queued:
            self._heap = [entry for entry in self._heap if entry[2] is not line]
            heapify(self._heap)
            self._aside = [other for other in self._aside if other is not line]
            line.queued = False

    def _insert(self, line: JobLine) -> None:
        self._sequence += 1
        heappush(self._heap, (line.tag, self._sequence, line))


def weight(priority: int) -> float:
    """A job's weight while a workflow of this priority is at its head."""
    return float(2.0 ** max(-PRIORITY_CLAMP, min(PRIORITY_CLAMP, priority)))
