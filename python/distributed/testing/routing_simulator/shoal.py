"""Our policy in the simulator: the same Router, trackers and classifiers that a gate uses."""

from __future__ import annotations

from random import Random

from distributed.health.bucket import Bucket
from distributed.health.capacity import Capacity
from distributed.health.circuit import CircuitBreaker
from distributed.health.datacenter import HealthDamper, classify
from distributed.routing.candidate import Candidate
from distributed.routing.decision import Decision
from distributed.routing.dispatch_times import DispatchTimes
from distributed.routing.facts import DatacenterFacts
from distributed.routing.observed import ObservedLatency
from distributed.routing.request import RouteRequest
from distributed.routing.reservations import Reservation
from distributed.routing.router import Router, RouterRules

from .policy import Job, Policy, Report
from .trace import Site

REFRESH_SECONDS = 0.25


class _JobState:
    """What hangs off one job's record."""

    __slots__ = ("reservation", "times")

    def __init__(self) -> None:
        self.times = DispatchTimes()
        self.reservation: Reservation | None = None


class _SiteState:
    __slots__ = ("breaker", "candidate", "capacity", "damper", "error", "fresh", "rtt")

    def __init__(self, site: Site) -> None:
        self.breaker = CircuitBreaker()
        self.damper = HealthDamper()
        self.capacity: Capacity | None = None
        self.rtt: float | None = None
        self.error = 0.0
        self.candidate = Candidate(DatacenterFacts(name=site.name))
        self.fresh = False


class Shoal(Policy):
    """The gate's wiring of the policies, without the network."""

    name = "shoal"

    def __init__(
        self, sites: tuple[Site, ...], random: Random, rules: RouterRules | None = None
    ) -> None:
        super().__init__(sites, random)
        self.router = Router(rules)
        self.observed = ObservedLatency()
        self.last: Decision | None = None
        self._states = {site.name: _SiteState(site) for site in sites}
        self._refreshed_at = -REFRESH_SECONDS

    def choose(self, job: Job, now: float) -> str | None:
        """Decide, reserve, and note when it was sent."""
        if now - self._refreshed_at >= REFRESH_SECONDS:
            self._refresh(now)
        request = RouteRequest(cores=job.cores, failed=frozenset(job.failed))
        candidates = [state.candidate for state in self._states.values()]
        decision = self.last = self.router.decide(request, candidates, now)
        if not decision.placed:
            return None
        chosen = decision.primaries[0]
        state = self._states[chosen]
        state.breaker.allow(now)
        free = state.capacity.free_cores if state.capacity is not None else 0
        if not isinstance(job.state, _JobState):
            job.state = _JobState()
        job.state.reservation = self.router.reservations.reserve(chosen, job.cores, free, now)
        job.state.times.sent(chosen, now, expected_wait_seconds=decision.wait_seconds(chosen))
        return chosen

    def accepted(self, job: Job, site: str, now: float) -> None:
        """The dispatch was acknowledged."""
        state = _of(job)
        state.times.accepted(site, now)
        if state.reservation is not None:
            state.reservation.acknowledge(now)
        self._states[site].breaker.succeeded(now)

    def finished(self, job: Job, site: str, now: float) -> None:
        """Learn what the way cost, and give the cores back."""
        state = _of(job)
        if state.reservation is not None:
            state.reservation.release()
        sample = state.times.finished(site, now, job.seconds)
        if sample is not None:
            self.observed.record(sample, now)

    def failed(self, job: Job, site: str, now: float, *, refused: bool) -> None:
        """Learn that it failed, and let others avoid it for a while."""
        state = _of(job)
        if state.reservation is not None:
            state.reservation.release()
        sample = state.times.failed(site, now)
        if sample is not None:
            self.observed.record(sample, now)
        self.router.failed(site, now)
        if refused:
            self._states[site].breaker.failed(now)
        self._update(site, now)

    def reported(self, report: Report, now: float) -> None:
        """The datacenter's capacity, as one manager's status would tell it."""
        state = self._states[report.site]
        if state.capacity is not None and state.capacity.draining and not report.draining:
            self.observed.recovered(report.site, now)
            self.router.recovered(report.site)
            state.breaker.reset()
        state.capacity = Capacity(
            at=now,
            managers=1,
            healthy_managers=0 if report.draining else 1,
            workers=max(1, report.cores // 8),
            healthy_workers=max(1, report.cores // 8),
            free_cores=report.free,
            total_cores=report.cores,
            largest_worker=8,
            queued=report.queued,
            dispatch_rate=report.dispatch_rate,
            wait_seconds=report.wait_seconds,
            pressure=0.0,
            draining=report.draining,
        )
        self.router.reservations.reported(report.site, now)
        self._update(report.site, now)

    def measured(self, site: str, rtt_seconds: float, now: float) -> None:
        """Follow the link as a coordinate does: slowly, with an error."""
        state = self._states[site]
        if state.rtt is None:
            state.rtt, state.error = rtt_seconds, rtt_seconds / 4.0
            return
        state.error += 0.1 * (abs(rtt_seconds - state.rtt) - state.error)
        state.rtt += 0.1 * (rtt_seconds - state.rtt)

    @property
    def switches(self) -> int:
        """Changes of the held route."""
        return self.router.holds.switches

    def _refresh(self, now: float) -> None:
        self._refreshed_at = now
        for name in self._states:
            self._update(name, now)

    def _update(self, site: str, now: float) -> None:
        state = self._states[site]
        capacity = state.capacity
        found = classify(capacity, known_managers=1).bucket if capacity else Bucket.HEALTHY
        known = self.observed.of(site)
        state.candidate = Candidate(
            DatacenterFacts(
                name=site,
                bucket=state.damper.step(found, now),
                managers=capacity.managers if capacity else None,
                free_cores=capacity.free_cores if capacity else 0,
                total_cores=capacity.total_cores if capacity else 0,
                queued=capacity.queued if capacity else 0,
                service_seconds=(known and known.service_seconds) or self.observed.service_seconds,
                dispatch_rate=capacity.dispatch_rate if capacity else 0.0,
                wait_seconds=capacity.wait_seconds if capacity else 0.0,
                capacity_at=capacity.at if capacity else None,
                circuit=state.breaker.state(now),
                draining=capacity.draining if capacity else False,
                rtt_seconds=state.rtt,
                rtt_error_seconds=state.error,
                overhead_seconds=known.overhead_seconds if known else None,
                confidence=known.confidence if known else 0.0,
                observed_at=known.observed_at if known else 0.0,
                failure_seconds=known.failure_seconds if known else 0.0,
                failed_at=known.failed_at if known else 0.0,
            ),
            self.router.rules.scoring,
        )


def _of(job: Job) -> _JobState:
    if not isinstance(job.state, _JobState):
        raise TypeError(f"job {job.number} was never sent by this policy")
    return job.state
