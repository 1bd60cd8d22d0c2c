"""How loaded a node is: how late it comes to its own work, and the memory that it takes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from distributed.clock import Clock
from distributed.messages.base import Refused

from .overload import Overload, OverloadDetector, OverloadRules
from .shedding import MessageClass, shed

LATE_ALONE = OverloadRules(least_seconds=2.0)
"""Without a trend below the worst bound: for a node that others stop giving work to."""

LOOK_SECONDS = 1.0

MemoryShare = Callable[[], float | None]
"""Share of the memory that this process may take, 0 to 1; None where it is not known."""


class Load:
    """One for each node; the loop that looks after the node says when it looked.

    Args:
        clock: the node's.
        rules: the bounds of the levels.
        memory: read at each look.
    """

    def __init__(
        self,
        clock: Clock,
        rules: OverloadRules = LATE_ALONE,
        memory: MemoryShare = lambda: None,
    ) -> None:
        self._clock = clock
        self._memory = memory
        self._detector = OverloadDetector(rules)
        self.level = Overload.HEALTHY
        """As of the last look."""

    @property
    def reason(self) -> str:
        """What argues for the level, for people."""
        return self._detector.reason(self._clock.now())

    def shed(self, kind: MessageClass) -> Refused | None:
        """Why a message of that class is not looked at now, or None."""
        refusal = shed(kind, self.level)
        if refusal is None:
            return None
        return msgspec.structs.replace(refusal, reason=f"{refusal.reason} ({self.reason})")

    async def watch(self) -> None:
        """Look until cancelled, for a node without a loop that does."""
        while True:
            due = self._clock.now() + LOOK_SECONDS
            await self._clock.sleep(LOOK_SECONDS)
            self.looked(due)

    def looked(self, due: float) -> None:
        """The look that was due at `due`, by the node's clock, comes now."""
        now = self._clock.now()
        self._detector.sample(max(0.0, now - due), now)
        share = self._memory()
        if share is not None:
            self._detector.memory(share, now)
        self.level = self._detector.level(now)
