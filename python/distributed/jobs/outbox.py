"""Results kept until the next hop says that they are recorded.

Sending is not the end: the receiver may pass a result on before it is durable anywhere. So a
result leaves only by `recorded`, and is due again when its answer stays out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from distributed.messages.results import WorkflowResult

from .values import PAGE_BYTES, size_of

Key = tuple[str, int]
"""Workflow and attempt: what a hop is idempotent on, within one job and datacenter."""

BATCH_BYTES = PAGE_BYTES
"""Size of a batch beyond which no further result joins it: frames are bounded."""


class Outbox:
    """Ended attempts of one job on their way up, in the order in which they ended.

    Args:
        resend_seconds: how long after a send an unrecorded result is due again.
    """

    __slots__ = ("_resend_seconds", "_sent", "_unsent", "bytes")

    def __init__(self, resend_seconds: float) -> None:
        self._resend_seconds = resend_seconds
        self._unsent: OrderedDict[Key, WorkflowResult] = OrderedDict()
        self._sent: OrderedDict[Key, tuple[WorkflowResult, float]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._unsent) + len(self._sent)

    def __contains__(self, key: Key) -> bool:
        return key in self._unsent or key in self._sent

    @property
    def unsent(self) -> int:
        """Results that nobody was told of."""
        return len(self._unsent)

    def put(self, result: WorkflowResult) -> None:
        """Keep `result`; a second one of the same attempt is not news."""
        key = (result.workflow, result.attempt)
        if key not in self:
            self._unsent[key] = result
            self.bytes += size_of(result)

    def due(
        self, now: float, limit: int, max_bytes: int = BATCH_BYTES
    ) -> tuple[WorkflowResult, ...]:
        """Up to `limit` results of together about `max_bytes` to send now, oldest first."""
        while self._sent:
            key, (result, again_at) = next(iter(self._sent.items()))
            if again_at > now:
                break
            del self._sent[key]
            self._unsent[key] = result
        batch: list[WorkflowResult] = []
        size = 0
        for result in self._unsent.values():
            size += size_of(result)
            if len(batch) >= limit or (batch and size > max_bytes):
                break
            batch.append(result)
        return tuple(batch)

    def sent(self, results: Iterable[WorkflowResult], now: float) -> None:
        """The receiver has them; they stay until recorded."""
        for result in results:
            key = (result.workflow, result.attempt)
            if self._unsent.pop(key, None) is not None:
                self._sent[key] = (result, now + self._resend_seconds)

    def recorded(self, keys: Iterable[Key]) -> int:
        """Drop these; how many were here."""
        dropped = 0
        for key in keys:
            pair = (key[0], key[1])
            result = self._unsent.pop(pair, None)
            if result is None and pair in self._sent:
                result, _ = self._sent.pop(pair)
            if result is not None:
                self.bytes -= size_of(result)
                dropped += 1
        return dropped

    def resend_all(self) -> None:
        """Another receiver took over: everything kept is unsent."""
        waiting = [(key, result) for key, (result, _) in self._sent.items()]
        self._sent.clear()
        self._unsent = OrderedDict([*waiting, *self._unsent.items()])

    def some(self, max_bytes: int = BATCH_BYTES) -> tuple[WorkflowResult, ...]:
        """The first of all that is kept, of together about `max_bytes`."""
        chosen: list[WorkflowResult] = []
        size = 0
        for result in self.everything():
            size += size_of(result)
            if chosen and size > max_bytes:
                break
            chosen.append(result)
        return tuple(chosen)

    def everything(self) -> tuple[WorkflowResult, ...]:
        """All that is kept."""
        return (*(result for result, _ in self._sent.values()), *self._unsent.values())

    def next_due(self) -> float | None:
        """When something is due: minus infinity for now, None for never."""
        if self._unsent:
            return float("-inf")
        if self._sent:
            return next(iter(self._sent.values()))[1]
        return None
