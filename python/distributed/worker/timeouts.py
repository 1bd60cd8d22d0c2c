"""An attempt whose time is up: its end, or more time for proven progress."""

from __future__ import annotations

from distributed.errors import TransportError
from distributed.messages.cancel import ExtendTimeout, TimeoutExtended
from distributed.supervision import Policy
from distributed.types import Address

from .record import AttemptRecord, JobRecord
from .running import Running
from .state import WorkerState


class Timeouts:
    """Ends attempts past the job's deadline; one past its own timeout may prove progress."""

    def __init__(self, state: WorkerState, running: Running) -> None:
        self._state = state
        self._running = running

    def due(self, record: JobRecord, attempt: AttemptRecord) -> None:
        """The attempt's time is up."""
        if attempt.assignment.dispatch_id not in record.attempts:
            return
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
        self._running.extend(record, attempt, reply.granted_seconds)
        self._state.logger.bind(job=record.job_id, workflow=assignment.workflow.name).info(
            "timeout extended by %g s: %s", reply.granted_seconds, message.reason
        )

    def _time_out(self, record: JobRecord, attempt: AttemptRecord, why: str) -> None:
        seconds = attempt.assignment.workflow.timeout_seconds
        text = f"timed out after {seconds:g} s" if seconds is not None else "timed out"
        self._running.end(record, attempt, "timed_out", f"{text}: {why}")
