"""The manager's one timer task, and extensions asked for by workers."""

from __future__ import annotations

from distributed.errors import PeerRefused, TransportError
from distributed.messages.base import Gone, Message
from distributed.messages.cancel import ExtendTimeout, TimeoutExtended
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .cancellation import Cancellation
from .delivery import Delivery
from .rebuild import Rebuild
from .record import JobRecord
from .roster import Roster
from .scheduling import Scheduler
from .starting import Starting
from .state import ManagerState

TICK_SECONDS = 0.02
SWEEP_SECONDS = 0.25


class Timers:
    """Does what is due, and looks over workers and waiting jobs now and then."""

    def __init__(
        self,
        state: ManagerState,
        *,
        cancellation: Cancellation,
        delivery: Delivery,
        rebuild: Rebuild,
        roster: Roster,
        scheduler: Scheduler,
        starting: Starting,
    ) -> None:
        self._state = state
        self._cancellation = cancellation
        self._delivery = delivery
        self._rebuild = rebuild
        self._roster = roster
        self._scheduler = scheduler
        self._starting = starting

    def handlers(self) -> Handlers:
        """Messages of this conversation."""
        return {ExtendTimeout: self.extend}

    async def run(self) -> None:
        """Look at the deadlines until cancelled."""
        state = self._state
        sweep_at = 0.0
        while True:
            await state.clock.sleep(TICK_SECONDS)
            now = state.clock.now()
            for kind, job_id in state.deadlines.due(now):
                record = state.records.get(job_id)
                if record is not None:
                    await self._do(kind, record)
            if now >= sweep_at:
                sweep_at = now + SWEEP_SECONDS
                self._roster.sweep()
                self._scheduler.sweep()

    async def extend(self, _: Context, message: Message) -> Message:
        """A worker asks for time; the owner gate decides, within the job's deadline."""
        assert isinstance(message, ExtendTimeout)
        record = self._state.records.get(message.job_id)
        if record is None:
            return Gone(message.job_id)
        if message.workflow in record.cancelled:
            return TimeoutExtended(0.0, 0, "it is being cancelled")
        try:
            return await self._state.pool.request(  # type: ignore[return-value]
                Address(record.gate_address), message, timeout=self._state.settings.request_seconds
            )
        except PeerRefused as error:
            return TimeoutExtended(0.0, 0, str(error))
        except TransportError as error:
            return TimeoutExtended(0.0, 0, f"the owner gate did not answer: {error}")

    async def _do(self, kind: str, record: JobRecord) -> None:
        if kind == "deadline":
            self._cancellation.expire(record)
        elif kind == "resend":
            self._delivery.wake(record)
        elif kind == "rebuilt":
            self._rebuild.finish(record)
        else:
            await self._starting.forget(record)
