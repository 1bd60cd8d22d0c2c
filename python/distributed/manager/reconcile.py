"""What workers report against what is believed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from distributed.errors import TransportError
from distributed.messages.cancel import CancelAttempts
from distributed.messages.dispatch import RunningWork
from distributed.supervision import Policy
from distributed.types import WorkflowState as State

from .lifecycle import Lifecycle
from .record import Entry, JobRecord
from .state import ManagerState
from .worker_seat import WorkerSeat


class Reconcile:
    """Adopts attempts that run somewhere and stops those that should not.

    The rule: a reported attempt is adopted where its workflow has not ended and no newer
    attempt is out; an older one, or one of an ended workflow, is cancelled.
    """

    def __init__(self, state: ManagerState, lifecycle: Lifecycle) -> None:
        self._state = state
        self._lifecycle = lifecycle
        self.on_newcomer: Callable[[WorkerSeat, JobRecord], None]

    def registered(self, seat: WorkerSeat, running: Iterable[RunningWork]) -> None:
        """A worker (re)joined, or says again what runs there."""
        running = tuple(running)
        self.running(seat, running)
        self._missing(seat, {work.dispatch_id for work in running})
        held: dict[str, set[tuple[str, int]]] = {}
        for work in running:
            held.setdefault(work.job_id, set()).add((work.workflow, work.attempt))
        for record in self._state.records.values():
            if record.adrift:
                record.ashore(seat.name, held.get(record.job_id, ()))
            if record.taken_over and seat.name not in record.workers:
                self.on_newcomer(seat, record)

    def running(self, seat: WorkerSeat, running: Iterable[RunningWork]) -> None:
        """A worker says that these attempts run (or wait) there."""
        unwanted: dict[str, list[str]] = {}
        for work in running:
            record = self._state.records.get(work.job_id)
            if record is None or work.dispatch_id in seat.slots:
                continue
            if not self._adopt(record, seat, work):
                unwanted.setdefault(work.job_id, []).append(work.dispatch_id)
        for job_id, dispatch_ids in unwanted.items():
            self.stop(self._state.records[job_id], seat, tuple(dispatch_ids), "not wanted any more")

    def stop(
        self, record: JobRecord, seat: WorkerSeat, dispatch_ids: tuple[str, ...], reason: str
    ) -> None:
        """Cancel attempts that nobody waits for; how that ends changes nothing here."""
        message = CancelAttempts(record.job_id, record.fence, dispatch_ids, reason, 1.0)

        async def cancel() -> None:
            try:
                await self._state.pool.request(seat.address, message, timeout=10.0)
            except TransportError as error:
                self._state.logger.bind(job=record.job_id, peer=seat.name).info(
                    "could not stop %d unwanted attempts: %s", len(dispatch_ids), error
                )

        self._state.spawn(f"stop:{record.job_id}", cancel, policy=Policy.ONCE)

    def _missing(self, seat: WorkerSeat, reported: set[str]) -> None:
        """What a worker does not have in two reports running is lost.

        Once may be a result on its way; twice, it went elsewhere (to a manager that took the
        job over) or nowhere.
        """
        absent = {
            binding.dispatch_id: binding
            for binding in seat.slots.bindings
            if isinstance(binding.tag, Entry)
            and binding.tag.state is State.RUNNING
            and binding.dispatch_id not in reported
        }
        for dispatch_id, binding in absent.items():
            record, entry = binding.holder, binding.tag
            if dispatch_id in seat.missing:
                assert isinstance(record, JobRecord)
                assert isinstance(entry, Entry)
                self._lifecycle.lose(record, entry, f"{seat.name} does not have it any more")
        seat.missing = frozenset(absent)

    def _adopt(self, record: JobRecord, seat: WorkerSeat, work: RunningWork) -> bool:
        entry = record.entries.get(work.workflow)
        if entry is None or entry.state.final or work.workflow in record.ordered:
            return False
        if work.attempt < entry.attempt and entry.state in (State.ASSIGNED, State.RUNNING):
            return False
        if entry.dispatch_id and entry.dispatch_id != work.dispatch_id:
            return False
        record.adrift.pop((work.workflow, work.attempt), None)
        self._lifecycle.adopt(record, entry, work.attempt, seat.name, work.dispatch_id)
        if 0 < work.cores <= seat.slots.cores:
            memory = entry.workflow.memory_bytes or 0
            seat.slots.bind(work.dispatch_id, record, work.cores, entry, memory_bytes=memory)
        self._lifecycle.running(record, entry, work.dispatch_id)
        return True
