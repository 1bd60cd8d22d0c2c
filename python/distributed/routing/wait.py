"""How long a job's work would wait for cores in a datacenter."""

from __future__ import annotations

from .candidate import Candidate
from .reservations import OnTheWay


class Waits:
    """Expected waits of one job, as of one moment. A value: nothing it reads changes later."""

    __slots__ = ("cores", "on_the_way")

    def __init__(self, cores: int, on_the_way: OnTheWay) -> None:
        self.cores = cores
        self.on_the_way = on_the_way

    def of(self, candidate: Candidate) -> float:
        """Seconds until this many more cores are free there; 0 where capacity is unknown.

        Cores promised to work on its way are not free, and work on its way that has to queue
        is ahead of this job.
        """
        promised, waiting = self.on_the_way.get(candidate.name, (0, 0))
        wanted = self.cores + promised + waiting
        return max(0.0, candidate.pile + candidate.seconds_per_core * wanted)
