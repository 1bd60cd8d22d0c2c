"""The manager's one timer task, and extensions asked for by workers."""

from __future__ import annotations

from distributed.errors import PeerRefused, TransportError
from distributed.messages.base import Gone, Message
from distributed.messages.cancel import ExtendTimeout, TimeoutExtended
from distributed.transport.interface import Context, Handlers
from distributed.types import Address

from .backpressure import Backpressure
from .cancellation import Cancellation
from .delivery import Delivery
from .rebuild import Rebuild
from .roster import Roster
from .scheduling import Scheduler
from .starting import Starting
from .state import ManagerState

SWEEP_SECONDS = 0.25


class Timers:
    """Does what is due, and looks over workers and waiting jobs now and then."""

    def __init__(
        self,
        state: ManagerState,
        *,
        backpressure: Backpressure,
        cancellation: Cancellation,
        delivery: Delivery,
        rebuild: Rebuild,
        roster: Roster,
        scheduler: Scheduler,
        starting: Starting,
    ) -> None:
        self._state = state
        self._backpressure = backpressure
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
        tick = state.settings.tick_seconds
        sweep_at = 0.0
        expected = state.clock.now()
        while True:
            await state.clock.sleep(tick)
            now = state.clock.now()
            self._backpressure.sample(now - expected - tick, now)
            expected = now
            await self._do_due(now)
            if now >= sweep_at:
                sweep_at = now + SWEEP_SECONDS
                self._roster.sweep()
                self._scheduler.sweep()
                await self._backpressure.tell()

    async def _do_due(self, now: float) -> None:
        state = self._state
        for kind, job_id in state.deadlines.due(now):
            try:
                await self._do(kind, job_id)
            except Exception as error:  # noqa: BLE001 - one duty must not hide the others
                state.metrics.count("timer_failures", kind=kind)
                state.logger.bind(job=job_id).error("%s failed", kind, exc_info=error)

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

    async def _do(self, kind: str, job_id: str) -> None:
        record = self._state.records.get(job_id)
        if record is None:
            return
        if kind == "deadline":
            self._cancellation.expire(record)
        elif kind == "resend":
            self._delivery.wake(record)
        elif kind == "rebuilt":
            self._rebuild.finish(record)
        else:
            await self._starting.forget(record)
