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

    def __init__(self) -> None:
        self._means: OrderedDict[str, float] = OrderedDict()

    def learn(self, key: str, run_seconds: float) -> None:
        """Take one observed run time; a long one counts at once, a short one gradually."""
        mean = self._means.get(key)
        if mean is None or run_seconds > TINY_SECONDS:
            mean = run_seconds
        else:
            mean += GAIN * (run_seconds - mean)
        self._means[key] = mean
        self._means.move_to_end(key)
        if len(self._means) > KEYS:
            self._means.popitem(last=False)

    def depth(self, key: str) -> int:
        """How many attempts of this kind one child may hold, the running one included."""
        mean = self._means.get(key) if key else None
        if mean is None or mean >= TINY_SECONDS:
            return 1
        return max(2, min(MAX_DEPTH, int(TARGET_SECONDS / max(mean, 1e-5))))
