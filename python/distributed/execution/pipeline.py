"""How many attempts may be sent to one child ahead of their turn."""

from __future__ import annotations

from collections import OrderedDict

TINY_SECONDS = 0.005
TARGET_SECONDS = 0.02
MAX_DEPTH = 64
GAIN = 0.2
KEYS = 1024


class PipelineDepth:
    """Learns run times by import path (EWMA) and allows about 20 ms of tiny work ahead.

    What was never seen, or takes 5 ms or more, is sent only when it can start.
    """

    def __init__(
        self,
        *,
        tiny_seconds: float = TINY_SECONDS,
        target_seconds: float = TARGET_SECONDS,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self._tiny = tiny_seconds
        self._target = target_seconds
        self._max_depth = max_depth
        self._means: OrderedDict[str, float] = OrderedDict()
        self._tiny_keys = 0

    def learn(self, key: str, run_seconds: float) -> None:
        """Take one observed run time; a long one counts at once, a short one gradually."""
        mean = self._means.get(key)
        if mean is None or run_seconds > self._tiny:
            mean = run_seconds
        else:
            mean += GAIN * (run_seconds - mean)
        before = self._means.get(key)
        self._tiny_keys += self._is_tiny(mean) - self._is_tiny(before)
        self._means[key] = mean
        self._means.move_to_end(key)
        if len(self._means) > KEYS:
            _, forgotten = self._means.popitem(last=False)
            self._tiny_keys -= self._is_tiny(forgotten)

    @property
    def any_tiny(self) -> bool:
        """Whether anything known now is tiny."""
        return self._tiny_keys > 0

    def depth(self, key: str) -> int:
        """How many attempts of this kind one child may hold, the running one included."""
        mean = self._means.get(key) if key else None
        if mean is None or mean >= self._tiny:
            return 1
        return max(2, min(self._max_depth, int(self._target / max(mean, 1e-5))))

    def _is_tiny(self, mean: float | None) -> bool:
        return mean is not None and mean < self._tiny
