"""What is refused when there is too much: control last, statistics first.

Classes are a property of the message's type. Results and control are never shed: they are how
load goes away.
"""

from __future__ import annotations

from enum import IntEnum

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
from distributed.messages.base import Message, Refused

from .overload import Overload


class MessageClass(IntEnum):
    """Importance, most important first."""

    CONTROL = 0
    RESULTS = 1
    WORK = 2
    PROGRESS = 3
    STATISTICS = 4


SHED_FROM = MessageClass.STATISTICS + Overload.BUSY
"""Of class and level together: what matters least goes at the first level."""

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


RETRY_AFTER_SECONDS = (0.5, 1.0, 3.0)
"""Hint for busy, stressed and overloaded."""


def shed(kind: MessageClass, level: Overload) -> Refused | None:
    """Why a message of that class is not looked at now, or None.

    Busy sheds statistics, stressed progress too, overloaded new work too.
    """
    if kind <= MessageClass.RESULTS or kind + level < SHED_FROM:
        return None
    reason = f"{level.label}: {kind.name.lower()} is shed"
    return Refused("overloaded", reason, retry_after_seconds=RETRY_AFTER_SECONDS[level - 1])
