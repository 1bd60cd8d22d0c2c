"""The worker's one timer task: timeouts, orphans, resends, forgetting."""

from __future__ import annotations

from distributed.errors import TransportError
from distributed.messages.cancel import ExtendTimeout, TimeoutExtended
from distributed.supervision import Policy
from distributed.types import Address

from .delivery import Delivery
from .orphans import Orphans
from .record import AttemptRecord, JobRecord
from .running import Running
from .state import Due, WorkerState

SWEEP_SECONDS = 0.5


class Timers:
    """Does what is due. One failing duty is logged and hides no other."""

    def __init__(
        self, state: WorkerState, running: Running, orphans: Orphans, delivery: Delivery
    ) -> None:
        self._state = state
        self._running = running
        self._orphans = orphans
        self._delivery = delivery

    async def run(self) -> None:
        """Look at the deadlines until cancelled."""
        state = self._state
        sweep_at = 0.0
        while True:
            await state.clock.sleep(state.settings.tick_seconds)
            if state.clock.now() >= sweep_at:
                sweep_at = state.clock.now() + SWEEP_SECONDS
                kept = sum(record.outbox.bytes for record in state.records.values())
                state.overfull = kept > state.settings.undelivered_bytes
            await self._do_due()

    async def _do_due(self) -> None:
        state = self._state
        for due in state.deadlines.due(state.clock.now()):
            try:
                await self._do(due)
            except Exception as error:  # noqa: BLE001 - one duty must not hide the others
                state.metrics.count("timer_failures", kind=due[0])
                state.logger.bind(job=due[1]).error("%s failed", due[0], exc_info=error)

    async def _do(self, due: Due) -> None:
        kind, job_id, dispatch_id = due
        record = self._state.records.get(job_id)
        if record is None:
            return
        if kind == "timeout":
            attempt = record.attempts.get(dispatch_id)
            if attempt is not None:
                self._attempt_due(record, attempt)
        elif kind == "orphan":
            await self._orphans.grace_over(record)
        elif kind == "resend":
            self._delivery.wake(record)
        elif record.idle:
            await self._state.drop(record, "idle")

    def _attempt_due(self, record: JobRecord, attempt: AttemptRecord) -> None:
        """Past the job's deadline it ends; past its own timeout it may prove progress."""
        now = self._state.clock.now()
        assignment = attempt.assignment
        remaining = assignment.remaining_seconds
        if remaining is not None and now >= attempt.accepted_at + remaining:
            self._running.end(record, attempt, "timed_out", "the job's deadline has passed")
        elif attempt.done > attempt.done_at_grant and not attempt.ended_by:
            record.scope.spawn(
                f"extend-{assignment.dispatch_id}",
                lambda: self._ask_for_time(record, attempt),
                policy=Policy.ONCE,
            )
        else:
            self._time_out(record, attempt, "no progress since its last chance")

    async def _ask_for_time(self, record: JobRecord, attempt: AttemptRecord) -> None:
        """`done` rose: ask the manager to go on (DESIGN: timeouts, extensions)."""
        assignment = attempt.assignment
        proof = attempt.done
        message = ExtendTimeout(
            record.job_id,
            assignment.workflow.name,
            assignment.attempt,
            proof,
            f"done rose from {attempt.done_at_grant} to {proof}",
        )
        try:
            reply = await self._state.pool.request(
                Address(record.manager_address),
                message,
                timeout=self._state.settings.request_seconds,
            )
        except TransportError as error:
            self._time_out(record, attempt, f"no extension could be asked for: {error}")
            return
        if not isinstance(reply, TimeoutExtended) or reply.granted_seconds <= 0:
            reason = reply.reason if isinstance(reply, TimeoutExtended) else type(reply).__name__
            self._time_out(record, attempt, f"no extension: {reason}")
            return
        attempt.done_at_grant = proof
        until = self._state.clock.now() + reply.granted_seconds
        if assignment.remaining_seconds is not None:
            until = min(until, attempt.accepted_at + assignment.remaining_seconds)
        self._state.deadlines.set(("timeout", record.job_id, assignment.dispatch_id), until)
        self._state.logger.bind(job=record.job_id, workflow=assignment.workflow.name).info(
            "timeout extended by %g s: %s", reply.granted_seconds, message.reason
        )

    def _time_out(self, record: JobRecord, attempt: AttemptRecord, why: str) -> None:
        seconds = attempt.assignment.workflow.timeout_seconds
        text = f"timed out after {seconds:g} s" if seconds is not None else "timed out"
        self._running.end(record, attempt, "timed_out", f"{text}: {why}")
