"""Which ready workflow goes to which worker now."""

from __future__ import annotations

from distributed.jobs.allocation import WorkerSlots
from distributed.jobs.fairness import JobLine, Ready

from .delivery import Delivery
from .lanes import Lanes
from .lifecycle import Lifecycle
from .record import JobRecord
from .state import ManagerState

TRIES_WITHOUT_CORES = 64


class Scheduler:
    """Gives out cores in rounds: at most one a turn of the event loop, when something changed.

    Fair between jobs (`jobs.fairness`), bound to dispatch ids (`jobs.allocation`). Waiting for
    cores costs no attempt. A wide (or large) workflow that waited for `hold_after_seconds` has a
    worker emptied for it. What belongs to a job whose gate was silent for
    `authority_seconds` waits until the gate says that it is still this manager's.
    """

    def __init__(
        self, state: ManagerState, lifecycle: Lifecycle, lanes: Lanes, delivery: Delivery
    ) -> None:
        self._state = state
        self._delivery = delivery
        delivery.on_confirmed = self.wake
        self._lifecycle = lifecycle
        self._lanes = lanes
        self._scheduled = False

    def wake(self) -> None:
        """Something became ready, or cores became free."""
        if not self._scheduled:
            self._scheduled = True
            self._state.turn.soon(self._round)

    def _round(self) -> None:
        self._scheduled = False
        state = self._state
        queue, allocation = state.queue, state.allocation
        if not len(queue):
            return
        widest = allocation.widest()
        roomiest = allocation.roomiest()
        holds = any(slots.hold is not None for slots in allocation.workers.values())
        tries = 0
        while (line := queue.next()) is not None:
            held = allocation.widest(line.owner) if holds else 0
            if not widest and not held:
                tries += 1
                if tries > TRIES_WITHOUT_CORES or not (state.tiny.any_tiny or holds):
                    break
            if not self._allowed(line):
                queue.set_aside(line)
                continue
            ready = line.head(max(1, widest, held), roomiest)
            slots = self._choose(line, ready) if ready is not None else None
            if ready is None or slots is None:
                self._hold_if_due(line)
                queue.set_aside(line)
                widest = allocation.widest()
                continue
            queue.take(line, ready)
            self._give(line, ready, slots)
            widest = allocation.widest() if slots.hold is not None or not slots.free else widest
            roomiest = allocation.roomiest() if ready.memory_bytes else roomiest
        queue.end_round()

    def sweep(self) -> None:
        """Look again although nothing changed: somebody may have waited long enough."""
        if len(self._state.queue):
            for line in self._state.queue.waiting():
                self._hold_if_due(line)
            self.wake()

    def _allowed(self, line: JobLine) -> bool:
        record = line.owner
        assert isinstance(record, JobRecord)
        if self._state.has_authority(record):
            return True
        self._delivery.confirm(record)
        return False

    def _choose(self, line: JobLine, ready: Ready) -> WorkerSlots | None:
        record = line.owner
        assert isinstance(record, JobRecord)
        entry = record.entries[ready.name]
        depth = self._state.tiny.depth(entry.workflow.run)
        return self._state.allocation.choose(
            ready.cores,
            record,
            memory_bytes=ready.memory_bytes,
            avoid=(entry.worker,) if entry.worker else (),
            exclusive=line.exclusive,
            ahead=depth if depth > 1 and not line.exclusive else 0,
        )

    def _give(self, line: JobLine, ready: Ready, slots: WorkerSlots) -> None:
        record = line.owner
        assert isinstance(record, JobRecord)
        entry = record.entries[ready.name]
        self._lifecycle.assigned(record, entry, slots.name)
        assignment = self._lifecycle.assignment(record, entry)
        slots.bind(
            assignment.dispatch_id,
            record,
            ready.cores,
            entry,
            exclusive=line.exclusive,
            memory_bytes=ready.memory_bytes,
        )
        wide = line.exclusive or ready.cores > 1 or ready.memory_bytes > 0
        if wide and not self._needs_hold(line):
            self._state.allocation.release_holds(record)
        self._state.dispatched += 1
        self._state.cores_given += ready.cores
        self._lanes.give(slots.name, (record, entry, assignment))

    def _needs_hold(self, line: JobLine) -> bool:
        head = line.head()
        return head is not None and (line.exclusive or head.cores > 1 or head.memory_bytes > 0)

    def _hold_if_due(self, line: JobLine) -> None:
        head = line.head()
        if head is None or not self._needs_hold(line):
            return
        waited = self._state.clock.now() - head.since
        if waited >= self._state.settings.hold_after_seconds:
            self._state.allocation.hold_for(
                line.owner, head.cores, exclusive=line.exclusive, memory_bytes=head.memory_bytes
            )
