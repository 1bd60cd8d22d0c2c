"""Our policy in the simulator: the class that a gate uses, told what a gate is told."""

from __future__ import annotations

from random import Random

from distributed.messages.health import ManagerStatus
from distributed.routing.decision import Decision
from distributed.routing.knowledge import Dispatch, RoutingKnowledge
from distributed.routing.request import RouteRequest
from distributed.routing.router import Router, RouterRules

from .policy import Job, Policy, Report
from .trace import Site


class Shoal(Policy):
    """A gate's routing without the network."""

    name = "shoal"

    def __init__(
        self, sites: tuple[Site, ...], random: Random, rules: RouterRules | None = None
    ) -> None:
        super().__init__(sites, random)
        self.knowledge = RoutingKnowledge(Router(rules))
        self.last: Decision | None = None
        self._sequence = 0
        self._rtts: dict[str, tuple[float, float]] = {}
        for site in sites:
            self.knowledge.datacenter(site.name)

    def choose(self, job: Job, now: float) -> str | None:
        """Decide, reserve, and keep the dispatch with the job."""
        request = RouteRequest(cores=job.cores, failed=frozenset(job.failed))
        decision = self.last = self.knowledge.decide(request, now)
        if not decision.placed:
            return None
        chosen = decision.primaries[0]
        job.state = self.knowledge.dispatch(decision, chosen, job.cores, now)
        return chosen

    def accepted(self, job: Job, site: str, now: float) -> None:
        """The dispatch was acknowledged."""
        _of(job).accepted(now)

    def finished(self, job: Job, site: str, now: float) -> None:
        """Learn what the way cost, and give the cores back."""
        _of(job).finished(now, job.seconds)

    def failed(self, job: Job, site: str, now: float, *, refused: bool) -> None:
        """Learn that it failed."""
        _of(job).failed(now, refused=refused)

    def reported(self, report: Report, now: float) -> None:
        """The datacenter's capacity, as its only manager's status tells it."""
        self._sequence += 1
        workers = max(1, report.cores // 8)
        status = ManagerStatus(
            name=f"manager-{report.site}",
            datacenter=report.site,
            address="",
            sequence=self._sequence,
            workers=workers,
            healthy_workers=workers,
            cores=report.cores,
            free_cores=report.free,
            queued=report.queued,
            jobs=0,
            dispatch_rate=report.dispatch_rate,
            expected_wait_seconds=report.wait_seconds,
            draining=report.draining,
            largest_worker=8,
        )
        self.knowledge.members(report.site, live=1, known=1)
        self.knowledge.status(status, now)

    def measured(self, site: str, rtt_seconds: float | None, now: float) -> None:
        """Membership's coordinate follows slowly; the gate's own probe is answered or not."""
        probe = self.knowledge.datacenter(site).probe
        probe.tick(now)
        if probe.due(now):
            sequence = probe.sent(now)
            if rtt_seconds is not None:
                probe.acknowledged(sequence, now + rtt_seconds)
        if rtt_seconds is None:
            return
        rtt, error = self._rtts.get(site, (rtt_seconds, rtt_seconds / 4.0))
        error += 0.1 * (abs(rtt_seconds - rtt) - error)
        rtt += 0.1 * (rtt_seconds - rtt)
        self._rtts[site] = (rtt, error)
        self.knowledge.round_trip(site, rtt, error)

    @property
    def switches(self) -> int:
        """Changes of the held route."""
        return self.knowledge.router.holds.switches


def _of(job: Job) -> Dispatch:
    if not isinstance(job.state, Dispatch):
        raise TypeError(f"job {job.number} was never sent by this policy")
    return job.state
