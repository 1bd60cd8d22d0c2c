"""The manager's periodic look at itself, and extensions asked for by workers."""

from __future__ import annotations

from distributed.errors import PeerRefused, TransportError
from distributed.messages.base import Gone, Message
from distributed.messages.cancel import ExtendTimeout, TimeoutExtended
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .backpressure import Backpressure
from .roster import Roster
from .scheduling import Scheduler
from .state import ManagerState

LOOK_SECONDS = 0.25


class Watching:
    """Looks over workers and waiting jobs now and then, and passes on requests for time."""

    def __init__(
        self,
        state: ManagerState,
        *,
        backpressure: Backpressure,
        roster: Roster,
        scheduler: Scheduler,
    ) -> None:
        self._state = state
        self._backpressure = backpressure
        self._roster = roster
        self._scheduler = scheduler

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {ExtendTimeout: self.extend}

    async def run(self) -> None:
        """Look until cancelled; how late each look comes says how loaded this node is."""
        state = self._state
        while True:
            due = state.clock.now() + LOOK_SECONDS
            await state.clock.sleep(LOOK_SECONDS)
            now = state.clock.now()
            self._backpressure.sample(now - due, now)
            state.load.looked(due)
            self._roster.sweep()
            self._scheduler.sweep()
            await self._backpressure.tell()

    async def extend(self, _: Context, message: Message) -> Message:
        """A worker asks for time; the owner gate decides, within the job's deadline."""
        assert isinstance(message, ExtendTimeout)
        record = self._state.records.get(message.job_id)
        if record is None:
            return Gone(message.job_id)
        if message.workflow in record.ordered:
            return TimeoutExtended(0.0, 0, "it is being cancelled")
        try:
            return await self._state.pool.request(  # type: ignore[return-value]
                Address(record.gate_address), message, timeout=self._state.settings.request_seconds
            )
        except PeerRefused as error:
            return TimeoutExtended(0.0, 0, str(error))
        except TransportError as error:
            return TimeoutExtended(0.0, 0, f"the owner gate did not answer: {error}")
