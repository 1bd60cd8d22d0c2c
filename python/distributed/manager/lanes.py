"""One lane to each worker: assignments in batches, each acknowledged or taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from distributed.errors import TransportError
from distributed.messages.dispatch import AssignmentsTaken, AssignWorkflows
from distributed.reliability.retry import Again, Jitter, Retries, RetryPolicy
from distributed.supervision import Policy
from distributed.transport.interface import Connection

from .lifecycle import Lifecycle
from .state import ManagerState
from .worker_seat import Given, WorkerSeat

Answer = Awaitable[msgspec.Struct] | None

BATCH_BYTES = 4 << 20
"""Inputs in one message after which no further assignment joins it: frames are bounded."""


class Lanes:
    """Sends what the scheduler gave, one message under way for each worker.

    The same batch is repeated until it is acknowledged, since a worker starts a dispatch id
    once. A worker that stays silent is left alone for a while: its unacknowledged dispatches
    are lost (they may run, so their attempts are spent) and run elsewhere. A refusal costs no
    attempt.
    """

    def __init__(self, state: ManagerState, lifecycle: Lifecycle) -> None:
        self._state = state
        self._lifecycle = lifecycle
        self._policy = RetryPolicy(
            attempts=state.settings.assign_attempts,
            base_seconds=state.settings.retry_base_seconds,
            cap_seconds=state.settings.retry_cap_seconds,
            jitter=Jitter.FULL,
        )
        self.on_standing: Callable[[WorkerSeat], object]
        self.on_stale: Callable[[str], None]

    def give(self, worker: str, given: Given) -> None:
        """Put one assignment on the lane of `worker`."""
        seat = self._state.seats[worker]
        seat.outgoing.append(given)
        if not seat.lane_running:
            seat.lane_running = True
            self._state.turn.soon(partial(self._begin, seat))

    def _begin(self, seat: WorkerSeat) -> None:
        """Send the first batch at once where the worker is connected; a task does the rest."""
        self._take_batch(seat)
        connection = self._state.pool.opened(seat.address)
        sent: list[Awaitable[msgspec.Struct]] = []
        if seat.under_way and connection is not None:
            sent.append(self._send(connection, seat.under_way))
        self._state.spawn(
            f"lane:{seat.name}",
            lambda: self._run(seat, sent.pop() if sent else None),
            policy=Policy.RESTART,
        )

    async def _run(self, seat: WorkerSeat, answer: Answer) -> None:
        """Work the lane off; where it failed and is started again, the batch is offered again."""
        while seat.under_way and not seat.gone:
            await self._offer(seat, seat.under_way, answer)
            answer = None
            self._take_batch(seat)
        seat.under_way = []
        seat.lane_running = False

    def _take_batch(self, seat: WorkerSeat) -> None:
        """Put the next batch under way, empty where nothing waits that is still wanted."""
        limit = self._state.settings.assign_batch
        batch: list[Given] = []
        size = 0
        while seat.outgoing and len(batch) < limit and size < BATCH_BYTES:
            given = seat.outgoing.popleft()
            if given[1].dispatch_id == given[2].dispatch_id:
                batch.append(given)
                size += sum(len(value) for _, value in given[2].inputs)
        seat.under_way = batch

    def _send(self, connection: Connection, batch: list[Given]) -> Awaitable[msgspec.Struct]:
        identity = self._state.identity
        assignments = tuple(given[2] for given in batch)
        message = AssignWorkflows(identity.name, identity.address, assignments)
        return connection.request(message, timeout=self._state.settings.assign_seconds)

    async def _offer(self, seat: WorkerSeat, batch: list[Given], answer: Answer) -> None:
        """Offer a batch until it is answered; `answer` is to come where it was sent already."""
        state = self._state
        retries = Retries(self._policy, state.rng)
        offered = False
        while not seat.gone:
            try:
                if answer is None:
                    batch = [
                        given for given in batch if given[1].dispatch_id == given[2].dispatch_id
                    ]
                    answer = self._send(await state.pool.connection(seat.address), batch)
                offered = True
                reply = await answer
            except TransportError as error:
                answer = None
                state.metrics.count("assignments_unacknowledged", amount=len(batch))
                again = retries.failed(state.clock.now())
                if isinstance(again, Again):
                    await state.clock.sleep(again.delay_seconds)
                    continue
                self._unanswered(seat, batch, str(error), offered=offered)
                return
            if isinstance(reply, AssignmentsTaken):
                self._answered(seat, batch, reply)
            else:
                self._unanswered(seat, batch, f"it answered {type(reply).__name__}", offered=True)
            return

    def _answered(self, seat: WorkerSeat, batch: list[Given], reply: AssignmentsTaken) -> None:
        seat.heard_at = self._state.clock.now()
        refused = dict(reply.refused)
        if refused:
            self._refused(seat, batch, refused)
        for record, entry, assignment in batch:
            if assignment.dispatch_id not in refused:
                self._lifecycle.running(record, entry, assignment.dispatch_id)

    def _refused(self, seat: WorkerSeat, batch: list[Given], refused: dict[str, str]) -> None:
        state = self._state
        seat.shut_until = state.clock.now() + state.settings.refusal_pause_seconds
        self.on_standing(seat)
        for record, entry, assignment in batch:
            reason = refused.get(assignment.dispatch_id)
            if reason is None:
                continue
            state.metrics.count("assignments_refused", reason=reason)
            state.logger.bind(job=record.job_id, peer=seat.name).info(
                "%s refused: %s", assignment.workflow.name, reason
            )
            if reason == "stale_fence":
                self.on_stale(record.job_id)
            else:
                self._lifecycle.refused(record, entry, assignment.dispatch_id)

    def _unanswered(
        self, seat: WorkerSeat, batch: list[Given], reason: str, *, offered: bool
    ) -> None:
        """Take back what was not acknowledged; what never left costs no attempt."""
        state = self._state
        state.logger.bind(peer=seat.name).warning(
            "%d assignments were not acknowledged (%s); it is left alone for %g s",
            len(batch),
            reason,
            state.settings.shut_seconds,
        )
        seat.shut_until = state.clock.now() + state.settings.shut_seconds
        self.on_standing(seat)
        for record, entry, assignment in batch:
            if not offered:
                self._lifecycle.refused(record, entry, assignment.dispatch_id)
            elif entry.dispatch_id == assignment.dispatch_id:
                text = f"worker {seat.name} did not acknowledge it: {reason}"
                self._lifecycle.lose(record, entry, text, adrift=True)
        for record, entry, assignment in seat.outgoing:
            self._lifecycle.refused(record, entry, assignment.dispatch_id)
        seat.outgoing.clear()
