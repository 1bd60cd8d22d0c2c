"""What a routing policy may see and must answer, and the four simple ones."""

from __future__ import annotations

from random import Random

from .trace import Site
from .world import World


class Job:
    """One job on its way: what it is, where it was, what it took."""

    __slots__ = (
        "arrived",
        "cores",
        "dispatches",
        "failed",
        "number",
        "seconds",
        "state",
    )

    def __init__(self, number: int, arrived: float, cores: int, seconds: float) -> None:
        self.number = number
        self.arrived = arrived
        self.cores = cores
        self.seconds = seconds
        self.dispatches = 0
        self.failed: set[str] = set()
        self.state: object = None


class Report:
    """What a datacenter tells about itself, as it was when it was sent."""

    __slots__ = ("cores", "dispatch_rate", "draining", "free", "queued", "site", "wait_seconds")

    def __init__(
        self,
        site: str,
        cores: int,
        *,
        free: int,
        queued: int,
        wait_seconds: float,
        dispatch_rate: float,
        draining: bool,
    ) -> None:
        self.dispatch_rate = dispatch_rate
        self.site = site
        self.cores = cores
        self.free = free
        self.queued = queued
        self.wait_seconds = wait_seconds
        self.draining = draining


class Policy:
    """Ignores everything it is told and sends nothing anywhere; others override what they use."""

    name = "none"

    def __init__(self, sites: tuple[Site, ...], random: Random) -> None:
        self.sites = sites
        self.random = random

    def choose(self, job: Job, now: float) -> str | None:
        """Where the job goes now; None if it can go nowhere."""
        return None

    def accepted(self, job: Job, site: str, now: float) -> None:
        """The site took the job."""

    def finished(self, job: Job, site: str, now: float) -> None:
        """The result is here."""

    def failed(self, job: Job, site: str, now: float, *, refused: bool) -> None:
        """The site refused or failed the job, or did not answer."""

    def reported(self, report: Report, now: float) -> None:
        """A site's capacity report arrived."""

    def measured(self, site: str, rtt_seconds: float | None, now: float) -> None:
        """Membership measured a round trip; None where nothing came back."""

    @property
    def switches(self) -> int:
        """How often the preferred route changed."""
        return 0

    def untried(self, job: Job) -> list[Site]:
        """Sites that have not failed this job; all of them once every one has."""
        return [site for site in self.sites if site.name not in job.failed] or list(self.sites)


class RoundRobin(Policy):
    """Each in turn."""

    name = "round-robin"
    _next = 0

    def choose(self, job: Job, now: float) -> str | None:
        """The next one that has not failed the job."""
        sites = self.untried(job)
        self._next += 1
        return sites[self._next % len(sites)].name


class Nearest(Policy):
    """The lowest round trip, as measured."""

    name = "nearest"

    def __init__(self, sites: tuple[Site, ...], random: Random) -> None:
        super().__init__(sites, random)
        self._rtt = {site.name: site.rtt_seconds for site in sites}

    def measured(self, site: str, rtt_seconds: float | None, now: float) -> None:
        """Follow the link."""
        if rtt_seconds is not None:
            self._rtt[site] += 0.1 * (rtt_seconds - self._rtt[site])

    def choose(self, job: Job, now: float) -> str | None:
        """The nearest that has not failed the job."""
        return min(self.untried(job), key=lambda site: self._rtt[site.name]).name


class LeastLoaded(Policy):
    """The fewest of this gate's jobs for each core: least outstanding requests."""

    name = "least-loaded"

    def __init__(self, sites: tuple[Site, ...], random: Random) -> None:
        super().__init__(sites, random)
        self._open = dict.fromkeys((site.name for site in sites), 0)
        self._other = dict.fromkeys((site.name for site in sites), 0)

    def load(self, site: Site) -> float:
        """Cores in use or asked for, by all that is known, for each core."""
        return (self._open[site.name] + self._other[site.name]) / site.cores

    def pick(self, sites: list[Site]) -> Site:
        """The least loaded; the first among equals after a shuffle."""
        return min(sites, key=lambda site: (self.load(site), self.random.random()))

    def choose(self, job: Job, now: float) -> str | None:
        """The least loaded that has not failed the job."""
        chosen = self.pick(self.untried(job)).name
        self._open[chosen] += job.cores
        return chosen

    def finished(self, job: Job, site: str, now: float) -> None:
        """One less there."""
        self._open[site] -= job.cores

    def failed(self, job: Job, site: str, now: float, *, refused: bool) -> None:
        """One less there."""
        self._open[site] -= job.cores

    def reported(self, report: Report, now: float) -> None:
        """What others use there: what is in use less what this gate has there."""
        used = report.cores - report.free + report.queued
        self._other[report.site] = max(0, used - self._open[report.site])


class TwoChoices(LeastLoaded):
    """The less loaded of two at random (Mitzenmacher, 2001)."""

    name = "two-choices"

    def pick(self, sites: list[Site]) -> Site:
        """Two at random."""
        return super().pick(self.random.sample(sites, min(2, len(sites))))


class Oracle(Policy):
    """Knows every queue, link, fault and run time, now and later: ends each job soonest."""

    name = "oracle"

    def __init__(self, world: World, random: Random) -> None:
        super().__init__(world.trace.sites, random)
        self._world = world
        self._booked = World(world.trace, Random(0))
        self._local = [a for a in world.trace.arrivals if a.site]
        self._next_local = 0

    def choose(self, job: Job, now: float) -> str | None:
        """The site where the result would be back first, with all that is on its way."""
        self._catch_up(now)
        best, soonest = None, float("inf")
        for site in self.sites:
            end = self._end(job, site.name, now)
            if end < soonest:
                best, soonest = site.name, end
        if best is not None:
            arrives = now + self._world.rtt(best, now) / 2.0
            self._booked.cores[best].take(arrives, job.cores, job.seconds)
        return best

    def _end(self, job: Job, site: str, now: float) -> float:
        half = self._world.rtt(site, now) / 2.0
        arrives = now + half
        if self._blocked(site, arrives):
            return float("inf")
        start = self._booked.cores[site].would_start(arrives, job.cores)
        return start + job.seconds + half

    def _blocked(self, site: str, at: float) -> bool:
        return any(
            fault.kind != "slow" and fault.start <= at < fault.end
            for fault in self._world.trace.faults
            if fault.site == site
        )

    def _catch_up(self, now: float) -> None:
        while self._next_local < len(self._local) and self._local[self._next_local].at <= now:
            work = self._local[self._next_local]
            self._booked.cores[work.site].take(work.at, work.cores, work.seconds)
            self._next_local += 1
