"""Asking workers for less when this manager falls behind."""

from __future__ import annotations

from distributed.errors import TransportError
from distributed.messages.progress import Pressure
from distributed.reliability.pressure import Level, PressureGauge

from .state import ManagerState

REPEAT_SECONDS = 2.0


class Backpressure:
    """Measures how long things wait for this node's event loop, and tells workers the level.

    Said again while it lasts, since a worker relaxes by itself when it hears nothing. Only
    progress and output are slowed; control and results are not.
    """

    def __init__(self, state: ManagerState) -> None:
        self._state = state
        self._gauge = PressureGauge()
        self._told = Level.NONE
        self._told_at = float("-inf")

    @property
    def level(self) -> Level:
        """The level now."""
        return self._gauge.level(self._state.clock.now())

    def sample(self, delay_seconds: float, now: float) -> None:
        """Something due was done that much later."""
        self._gauge.sample(max(0.0, delay_seconds), now)

    async def tell(self) -> None:
        """Send the level to every worker where it changed, or still holds."""
        level, now = self.level, self._state.clock.now()
        due = level is not Level.NONE and now - self._told_at >= REPEAT_SECONDS
        if level is self._told and not due:
            return
        self._told, self._told_at = level, now
        self._state.logger.info("pressure on workers: %s", level.label)
        message = Pressure(level.label)
        for seat in list(self._state.seats.values()):
            try:
                await self._state.pool.send(seat.address, message)
            except TransportError:
                self._state.metrics.count("pressure_untold")
