"""What is refused when there is too much: control last, statistics first.

Classes are a property of the message's type; each has its own bound of requests in flight,
so that no class can fill the room of a more important one.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from distributed.messages import (
    admin,
    cancel,
    dispatch,
    health,
    progress,
    results,
    submission,
    values,
)
from distributed.messages.base import Message

from .overload import Overload


class MessageClass(IntEnum):
    """Importance, most important first."""

    CONTROL = 0
    RESULTS = 1
    WORK = 2
    PROGRESS = 3
    STATISTICS = 4


_MODULES = {
    admin.__name__: MessageClass.CONTROL,
    cancel.__name__: MessageClass.CONTROL,
    health.__name__: MessageClass.CONTROL,
    dispatch.__name__: MessageClass.CONTROL,
    results.__name__: MessageClass.RESULTS,
    values.__name__: MessageClass.RESULTS,
    submission.__name__: MessageClass.WORK,
    progress.__name__: MessageClass.PROGRESS,
}
_TYPES: dict[type[Message], MessageClass] = {
    submission.FetchResult: MessageClass.RESULTS,
    submission.JobUpdates: MessageClass.PROGRESS,
    submission.JobHistory: MessageClass.STATISTICS,
    submission.ListJobs: MessageClass.STATISTICS,
    submission.FetchLogs: MessageClass.STATISTICS,
    progress.WorkerLog: MessageClass.STATISTICS,
    progress.Pressure: MessageClass.CONTROL,
}


def class_of(kind: type[Message]) -> MessageClass:
    """The class of a message type; what nobody classified is control, so never shed."""
    return _TYPES.get(kind, _MODULES.get(kind.__module__, MessageClass.CONTROL))


class ShedRules(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the shedder.

    Attributes:
        results, work, progress, statistics: requests of that class being handled at once;
            control has no bound.
        retry_after_seconds: hint for busy, stressed and overloaded.
    """

    results: int = 1000
    work: int = 500
    progress: int = 300
    statistics: int = 200
    retry_after_seconds: tuple[float, float, float] = (0.5, 1.0, 3.0)


class Shed(msgspec.Struct, frozen=True):
    """Refused: why, and when it is worth trying again."""

    reason: str
    retry_after_seconds: float


class Shedder:
    """Admission by class. Every admitted request must be told to `done` once."""

    def __init__(self, rules: ShedRules | None = None) -> None:
        self._rules = rules if rules is not None else ShedRules()
        self._limits = {
            MessageClass.RESULTS: self._rules.results,
            MessageClass.WORK: self._rules.work,
            MessageClass.PROGRESS: self._rules.progress,
            MessageClass.STATISTICS: self._rules.statistics,
        }
        self._in_flight = dict.fromkeys(MessageClass, 0)
        self.shed = dict.fromkeys(MessageClass, 0)

    def admit(self, kind: MessageClass, level: Overload) -> Shed | None:
        """None if the request may be handled now.

        Busy sheds statistics, stressed progress too, overloaded new work too. Results and
        control are never shed for overload: they are how load goes away.
        """
        if kind is not MessageClass.CONTROL:
            if level > 0 and kind > MessageClass.RESULTS and kind + level >= 5:
                return self._refuse(kind, level, f"{level.label}: {kind.name.lower()} is shed")
            if self._in_flight[kind] >= self._limits[kind]:
                return self._refuse(kind, level, f"too many {kind.name.lower()} requests at once")
        self._in_flight[kind] += 1
        return None

    def done(self, kind: MessageClass) -> None:
        """An admitted request ended, however it ended."""
        self._in_flight[kind] -= 1

    def in_flight(self, kind: MessageClass) -> int:
        """Requests of a class being handled now."""
        return self._in_flight[kind]

    def _refuse(self, kind: MessageClass, level: Overload, reason: str) -> Shed:
        self.shed[kind] += 1
        hints = self._rules.retry_after_seconds
        return Shed(reason, hints[max(0, level - 1)])
