"""Time limits of jobs: one timer for each, and bounded extensions for proven progress.

The job's own deadline is hard. An extension lengthens one workflow's timeout at its manager,
never past the deadline: each grant halves, each needs more work done than at the last one.
"""

from __future__ import annotations

from distributed.messages.base import Gone, Redirect
from distributed.messages.cancel import ExtendTimeout, TimeoutExtended
from distributed.messages.job import Job
from distributed.transport.interface import Context, Handlers
from distributed.types import JobState

from .ending import Ending
from .record import JobRecord
from .settings import GateSettings
from .state import GateState
from .story import Stories

LEAST_GRANT_SECONDS = 1.0


def deadline_seconds(job: Job, settings: GateSettings) -> float:
    """How long a job may take from its acceptance."""
    asked = job.deadline_seconds or settings.deadline_seconds
    return min(asked, settings.longest_deadline_seconds)


class Deadlines:
    """Ends jobs whose time is up and grants extensions."""

    def __init__(self, state: GateState, stories: Stories, ending: Ending) -> None:
        self._state = state
        self._stories = stories
        self._ending = ending

    def handlers(self) -> Handlers:
        """What managers ask."""
        return {ExtendTimeout: self._extend}

    def watch(self, record: JobRecord) -> None:
        """Arm the job's timer; its record's end cancels it."""
        left = max(0.0, record.deadline_at - self._state.clock.now())
        record.timer = self._state.timers.call_later(left, self._expired, record)

    def _expired(self, record: JobRecord) -> None:
        record.timer = None
        if self._state.records.get(record.job_id) is not record or record.ending:
            return
        limit = record.deadline_at - record.accepted_at
        record.ordered = record.ordered or JobState.TIMED_OUT
        if record.ordered is JobState.TIMED_OUT:
            record.ordered_reason = f"its deadline of {limit:g} s passed"
        self._ending.settle(record)

    async def _extend(
        self, _context: Context, message: ExtendTimeout
    ) -> TimeoutExtended | Gone | Redirect:
        record = self._state.records.get(message.job_id)
        if record is None:
            return await self._state.elsewhere(message.job_id)
        settings = self._state.settings
        if record.extensions is None:
            record.extensions = {}
        granted, done = record.extensions.get(message.workflow, (0, -1))
        if not record.has_workflow(message.workflow):
            return TimeoutExtended(0.0, 0, f"the job has no workflow {message.workflow!r}")
        if granted >= settings.extensions:
            return TimeoutExtended(0.0, 0, f"all {settings.extensions} extensions are used up")
        left = settings.extensions - granted
        if message.done <= done:
            reason = f"no progress since the last extension ({message.done} done)"
            return TimeoutExtended(0.0, left, reason)
        seconds = max(LEAST_GRANT_SECONDS, settings.extension_seconds / 2 ** (granted + 1))
        seconds = min(seconds, record.deadline_at - self._state.clock.now())
        if seconds <= 0:
            return TimeoutExtended(0.0, left, "the job's deadline is reached")
        record.extensions[message.workflow] = (granted + 1, message.done)
        self._stories.update(
            record,
            "retry",
            workflow=message.workflow,
            attempt=message.attempt,
            reason=f"{seconds:g} s more for proven progress ({message.done} done)",
        )
        self._stories.soon(record)
        return TimeoutExtended(seconds, left - 1, "progress is proven")
