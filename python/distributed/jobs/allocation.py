"""Who holds which cores and how much memory: every reservation is bound to a dispatch id.

Free cores are what no dispatch holds, never what a heartbeat says. A worker may be given
tiny dispatches ahead of its cores; those hold none until one is freed, then the oldest gets
it. So bound cores never exceed cores, and a release of something unknown changes nothing.
Memory is what workflows may use at most, promised from the moment they are given, ahead or
not; one that names no limit is promised none.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Collection, Iterator
from enum import IntEnum

import msgspec

UNLIMITED = sys.maxsize
"""Free memory of a worker that does not say what it has."""


class Standing(IntEnum):
    """How willingly a worker is chosen; lower first, `SHUT` never."""

    HEALTHY = 0
    BUSY = 1
    DEGRADED = 2
    SHUT = 3


class Binding(msgspec.Struct, gc=False):
    """One dispatch on a worker.

    Attributes:
        holder: whose it is (a job's record).
        tag: what it is to the holder; not looked at here.
        bound: whether it holds its cores yet.
        memory_bytes: what it may use.
    """

    dispatch_id: str
    holder: object
    tag: object
    cores: int
    bound: bool
    memory_bytes: int = 0


class WorkerSlots:
    """One worker's cores and the dispatches on it.

    Attributes:
        foreign: cores that others (another manager) hold there, as last reported: a hint that
            lowers `free`, never a reservation.
        hold: who waits for this worker to empty, None while it is open to all.
        tenant: the exclusive holder that has something here, None where there is none.
        memory_bytes: what it offers, 0 for unknown; `promised` of it.
    """

    __slots__ = (
        "_ahead",
        "_bindings",
        "bound",
        "cores",
        "foreign",
        "hold",
        "instance",
        "memory_bytes",
        "name",
        "promised",
        "standing",
        "tenant",
    )

    def __init__(self, name: str, instance: str, cores: int, memory_bytes: int = 0) -> None:
        self.memory_bytes = memory_bytes
        self.promised = 0
        self.name = name
        self.instance = instance
        self.cores = cores
        self.bound = 0
        self.foreign = 0
        self.standing = Standing.HEALTHY
        self.hold: object | None = None
        self.tenant: object | None = None
        self._bindings: dict[str, Binding] = {}
        self._ahead: OrderedDict[str, Binding] = OrderedDict()

    @property
    def free(self) -> int:
        """Cores that a new dispatch could hold."""
        return max(0, self.cores - self.bound - self.foreign)

    @property
    def free_memory(self) -> int:
        """Bytes that a new dispatch could be promised."""
        return max(0, self.memory_bytes - self.promised) if self.memory_bytes else UNLIMITED

    @property
    def ahead(self) -> int:
        """Dispatches given that hold no core yet."""
        return len(self._ahead)

    @property
    def bindings(self) -> Iterator[Binding]:
        """Every dispatch here, bound or ahead."""
        return iter(tuple(self._bindings.values()))

    def __len__(self) -> int:
        return len(self._bindings)

    def __contains__(self, dispatch_id: str) -> bool:
        return dispatch_id in self._bindings

    def shared_with_others(self, holder: object) -> bool:
        """Whether a dispatch of another holder is here."""
        return any(binding.holder is not holder for binding in self._bindings.values())

    def open_to(self, holder: object, *, exclusive: bool) -> bool:
        """Whether `holder` may have something here beside what is here already."""
        if self.hold is not None and self.hold is not holder:
            return False
        if self.tenant is not None and self.tenant is not holder:
            return False
        return not exclusive or not self.shared_with_others(holder)

    def bind(
        self,
        dispatch_id: str,
        holder: object,
        cores: int,
        tag: object = None,
        *,
        exclusive: bool = False,
        memory_bytes: int = 0,
    ) -> Binding:
        """Put a dispatch here; it holds its cores where they are free, else it is ahead.

        Raises:
            ValueError: the id is already here, or the cores are not between 1 and all.
        """
        if dispatch_id in self._bindings:
            raise ValueError(f"{dispatch_id} is already bound on {self.name}")
        if not 0 < cores <= self.cores:
            raise ValueError(f"{cores} cores asked of {self.name}, which has {self.cores}")
        free = self.bound + cores <= self.cores
        binding = Binding(dispatch_id, holder, tag, cores, free, memory_bytes)
        self._bindings[dispatch_id] = binding
        self.promised += memory_bytes
        if exclusive:
            self.tenant = holder
        if binding.bound:
            self.bound += cores
        else:
            self._ahead[dispatch_id] = binding
        return binding

    def release(self, dispatch_id: str) -> bool:
        """The dispatch is over; False where it was not here."""
        binding = self._bindings.pop(dispatch_id, None)
        if binding is None:
            return False
        self.promised -= binding.memory_bytes
        if not self._bindings:
            self.tenant = None
        if not binding.bound:
            del self._ahead[dispatch_id]
            return True
        self.bound -= binding.cores
        while self._ahead:
            oldest = next(iter(self._ahead.values()))
            if self.bound + oldest.cores > self.cores:
                break
            self._ahead.popitem(last=False)
            oldest.bound = True
            self.bound += oldest.cores
        return True


class Allocation:
    """The workers of one manager and the choice among them."""

    def __init__(self) -> None:
        self.workers: dict[str, WorkerSlots] = {}

    @property
    def cores(self) -> int:
        """Cores of all workers that are not shut."""
        return sum(w.cores for w in self.workers.values() if w.standing < Standing.SHUT)

    @property
    def free(self) -> int:
        """Free cores of all workers that are not shut."""
        return sum(w.free for w in self.workers.values() if w.standing < Standing.SHUT)

    @property
    def largest(self) -> int:
        """Most cores that any one worker has."""
        return max((w.cores for w in self.workers.values()), default=0)

    def widest(self, holder: object = None) -> int:
        """Most cores that one dispatch (of `holder`, where given) could get now."""
        return max(
            (
                w.free
                for w in self.workers.values()
                if w.standing < Standing.SHUT and (w.hold is None or w.hold is holder)
            ),
            default=0,
        )

    def roomiest(self) -> int:
        """Most memory that one dispatch could be promised now."""
        return max(
            (w.free_memory for w in self.workers.values() if w.standing < Standing.SHUT),
            default=0,
        )

    def could_hold(self, memory_bytes: int | None) -> bool:
        """Whether any worker, empty, offers that much memory."""
        wanted = memory_bytes or 0
        return any(_offers(w, wanted) for w in self.workers.values())

    def choose(
        self,
        cores: int,
        holder: object,
        *,
        memory_bytes: int = 0,
        avoid: Collection[str] = (),
        exclusive: bool = False,
        ahead: int = 0,
    ) -> WorkerSlots | None:
        """The worker for a dispatch: best standing, then most free cores.

        Workers to `avoid` are taken only where no other has room. `ahead` allows that many
        dispatches beyond the cores of each worker; those never go before free cores.
        """
        best: WorkerSlots | None = None
        best_rank: tuple[bool, bool, int, int] | None = None
        for worker in self.workers.values():
            if worker.standing >= Standing.SHUT or worker.cores < cores:
                continue
            if not worker.open_to(holder, exclusive=exclusive):
                continue
            if memory_bytes > worker.free_memory:
                continue
            waits = worker.free < cores
            if waits and (worker.ahead >= ahead or cores != 1):
                continue
            room = worker.ahead if waits else -worker.free
            rank = (worker.name in avoid, waits, int(worker.standing), room)
            if best_rank is None or rank < best_rank:
                best, best_rank = worker, rank
        return best

    def hold_for(
        self, holder: object, cores: int, *, exclusive: bool, memory_bytes: int = 0
    ) -> WorkerSlots | None:
        """Close the worker that can soonest serve `holder` to everyone else.

        At most half of the workers (but at least one) are held at a time, so that what waits
        for width never stops the rest.
        """
        held = [w for w in self.workers.values() if w.hold is not None]
        for worker in held:
            if worker.hold is holder:
                return worker
        if len(held) >= max(1, len(self.workers) // 2):
            return None
        able = [
            w
            for w in self.workers.values()
            if w.hold is None
            and w.standing < Standing.SHUT
            and w.cores >= cores
            and _offers(w, memory_bytes)
        ]
        if not able:
            return None
        worker = min(able, key=lambda w: (len(w) if exclusive else cores - w.free, w.standing))
        worker.hold = holder
        return worker

    def release_holds(self, holder: object) -> None:
        """`holder` waits for no worker any more."""
        for worker in self.workers.values():
            if worker.hold is holder:
                worker.hold = None


def _offers(worker: WorkerSlots, memory_bytes: int) -> bool:
    return not worker.memory_bytes or memory_bytes <= worker.memory_bytes
