"""How long a job's work would wait for cores in a datacenter."""

from __future__ import annotations

from .candidate import Candidate
from .reservations import OnTheWay


class Waits:
    """Expected waits of one job, as of one moment. A value: nothing it reads changes later."""

    __slots__ = ("_cores", "_on_the_way")

    def __init__(self, cores: int, on_the_way: OnTheWay) -> None:
        self._cores = cores
        self._on_the_way = on_the_way

    def of(self, candidate: Candidate) -> float:
        """Seconds until this many more cores are free there; 0 where capacity is unknown.

        Cores promised to work on its way are not free, and work on its way that has to queue
        is ahead of this job. Cores come free at the candidate's release rate, which also
        shortens the reported wait by what ended since the report.
        """
        if candidate.capacity_at is None:
            return 0.0
        promised, waiting = self._on_the_way.get(candidate.name, (0, 0))
        missing = self._cores + promised + waiting - candidate.free_cores
        if missing <= 0 and candidate.wait_seconds <= 0.0:
            return 0.0
        return max(0.0, candidate.wait_seconds + missing / candidate.release_rate)
