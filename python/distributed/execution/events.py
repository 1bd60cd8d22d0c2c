"""Events that the executor itself makes; those that a child sends are in `frames`."""

from __future__ import annotations

import msgspec


class Started(msgspec.Struct, frozen=True, gc=False):
    """The dispatch holds its cores and its code runs. `pid` is 0 where there is no process."""

    dispatch_id: str
    pid: int = 0


class Lost(msgspec.Struct, frozen=True, gc=False):
    """The process that ran the dispatch is gone without an answer.

    `started` is False where the user's code cannot have begun, so that trying again repeats
    nothing.
    """

    dispatch_id: str
    reason: str
    started: bool = True
    run_seconds: float = 0.0
