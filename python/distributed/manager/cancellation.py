"""Ending a job, or some of its workflows, with an outcome for each."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import msgspec

from distributed.errors import StaleFence, TransportError
from distributed.messages.base import Gone, Message
from distributed.messages.cancel import CancelAttempts, CancelInDatacenter, CancelOutcome
from distributed.supervision import Policy
from distributed.transport.interface import Context, Handlers
from distributed.types import WorkflowState as State

from .lifecycle import Lifecycle
from .record import Entry, JobRecord
from .state import ManagerState
from .worker_seat import WorkerSeat

ENDED_AS = {State.CANCELLED: "cancelled"}
"""What a final state is called in an outcome; every other one is `finished`."""


class Cancellation:
    """Cancels what waits at once, asks the workers of what runs, and lists what became of all.

    `cancelled` is only said of what never started, what its worker confirmed, or what ended
    with its worker's process. A worker that does not answer in time, or fell silent before,
    makes its workflows `unreachable`; the order stands, so they end as cancelled whenever word
    of them comes, and never run again.
    """

    def __init__(self, state: ManagerState, lifecycle: Lifecycle) -> None:
        self._state = state
        self._lifecycle = lifecycle

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {CancelInDatacenter: self.cancel}

    async def cancel(self, _: Context, message: Message) -> Message:
        """The gate's order; answered when each workflow's outcome is known, or at the limit."""
        assert isinstance(message, CancelInDatacenter)
        record = self._state.records.get(message.job_id)
        if record is None:
            return Gone(message.job_id)
        if message.epoch < record.epoch:
            raise StaleFence(message.job_id, seen=record.epoch, offered=message.epoch)
        record.epoch = message.epoch
        await self._rebuilt(record)
        names = self._names(record, message.workflows)
        reason = message.reason or "cancelled"
        finished = {name for name in names if record.entries[name].state.final}
        unsure = self._unsure(record, names)
        out = self.order(record, names, State.CANCELLED, reason, unsure)
        await self._ask_workers(record, out, reason, message.grace_seconds)
        said = dict.fromkeys(finished, "finished") | dict.fromkeys(unsure, "unreachable")
        return CancelOutcome(
            message.job_id,
            tuple((name, said.get(name) or outcome(record, name)) for name in names),
        )

    async def _rebuilt(self, record: JobRecord) -> None:
        """A job being taken over may run where nobody told yet: wait for the reports."""
        if record.rebuilding:
            try:
                async with asyncio.timeout(self._state.settings.rebuild_seconds):
                    await record.rebuilt.wait()
            except TimeoutError:
                return

    def _unsure(self, record: JobRecord, names: list[str]) -> frozenset[str]:
        """What seems to wait here, but may run at a worker that was not heard of."""
        silent = [name for name in record.unheard if name in self._state.seats]
        if not silent and not self._shown(record.unheard):
            return frozenset()
        return frozenset(
            name for name in names if record.entries[name].state in (State.PENDING, State.READY)
        )

    def _shown(self, names: set[str]) -> bool:
        """Whether membership shows any of these workers alive."""
        membership = self._state.membership
        if membership is None:
            return False
        members = (membership.member(name) for name in names)
        return any(member is not None and member.is_alive for member in members)

    def order(
        self,
        record: JobRecord,
        names: list[str],
        state: State,
        reason: str,
        unsure: Collection[str] = (),
    ) -> dict[str, list[Entry]]:
        """End what waits as `state`; what is out, by worker."""
        out: dict[str, list[Entry]] = {}
        for name in names:
            entry = record.entries[name]
            if not entry.state.final:
                record.ordered.setdefault(name, state)
            if entry.state in (State.PENDING, State.READY):
                verdict = self._lifecycle.verdict(record, entry, state, reason)
                if name in unsure:
                    verdict = msgspec.structs.replace(verdict, unconfirmed=True)
                self._lifecycle.end(record, entry, verdict)
            elif not entry.state.final:
                out.setdefault(entry.worker, []).append(entry)
        return out

    def expire(self, record: JobRecord) -> None:
        """The job's deadline has passed: end everything as timed out, by force at the workers."""
        reason = "the job's deadline has passed"
        out = self.order(record, list(record.entries), State.TIMED_OUT, reason)
        record.scope.spawn(
            "expire", lambda: self._ask_workers(record, out, reason, 1.0), policy=Policy.ONCE
        )

    def _names(self, record: JobRecord, wanted: tuple[str, ...]) -> list[str]:
        """The names meant, with what depends on them, in the job's order."""
        if not wanted:
            return list(record.entries)
        meant = set(wanted)
        for name in wanted:
            if name in record.entries:
                meant.update(record.graph.dependents(name))
        return [name for name in record.entries if name in meant]

    async def _ask_workers(
        self, record: JobRecord, out: dict[str, list[Entry]], reason: str, grace_seconds: float
    ) -> None:
        asks = [
            self._ask_worker(record, worker, entries, reason, grace_seconds)
            for worker, entries in out.items()
        ]
        await asyncio.gather(*asks)

    async def _ask_worker(
        self,
        record: JobRecord,
        worker: str,
        entries: list[Entry],
        reason: str,
        grace_seconds: float,
    ) -> None:
        seat = self._state.seats.get(worker)
        ids = tuple(entry.dispatch_id for entry in entries if entry.dispatch_id)
        if seat is None or not ids:
            return
        limit = grace_seconds + self._state.settings.cancel_margin_seconds
        message = CancelAttempts(record.job_id, record.fence, ids, reason, grace_seconds)
        try:
            reply = await self._state.pool.request(seat.address, message, timeout=limit)
        except TransportError as error:
            self._state.logger.bind(job=record.job_id, peer=worker).warning(
                "cancelling %d attempts: no word from the worker: %s", len(ids), error
            )
            return
        if isinstance(reply, Gone):
            # Nothing of the job is there: it never came, and will not be taken later.
            reply = CancelOutcome(record.job_id, tuple((name, "unknown") for name in ids))
        if not isinstance(reply, CancelOutcome):
            self._state.logger.bind(job=record.job_id, peer=worker).warning(
                "cancelling %d attempts was answered with %r", len(ids), reply
            )
            return
        self._confirmed(record, seat, entries, dict(reply.outcomes), reason)

    def _confirmed(
        self,
        record: JobRecord,
        seat: WorkerSeat,
        entries: list[Entry],
        outcomes: dict[str, str],
        reason: str,
    ) -> None:
        """The worker's word counts as soon as it is here; its results follow and change nothing.

        `unknown` is a dispatch that never came and will be refused when it does.
        """
        for entry in entries:
            said = outcomes.get(entry.dispatch_id, "")
            if said in ("cancelled", "unknown") and not entry.state.final:
                state = record.ordered.get(entry.workflow.name, State.CANCELLED)
                result = self._lifecycle.verdict(record, entry, state, reason)
                self._lifecycle.end(record, entry, result)


def outcome(record: JobRecord, name: str) -> str:
    """`cancelled`, `finished` or `unreachable`."""
    entry = record.entries[name]
    if not entry.state.final:
        return "unreachable"
    if entry.state is State.CANCELLED and record.unsure_of(name):
        return "unreachable"
    return ENDED_AS.get(entry.state, "finished")
