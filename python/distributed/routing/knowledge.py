"""All that one gate knows of its datacenters, joined into candidates.

Reports, round trips, probes, results and failures come in; decisions come out. The gate hands
over what its conversations hear and keeps, for each dispatch of a job, the one `Dispatch`
object on the job's record. The routing simulator drives this same class.
"""

from __future__ import annotations

from distributed.health.bucket import Bucket
from distributed.health.capacity import Capacity, CapacityAggregator
from distributed.health.circuit import Circuit, CircuitBreaker
from distributed.health.correlation import FailureCorrelation, FailureReading, PeerView
from distributed.health.datacenter import Assessment, HealthDamper, classify
from distributed.health.federated import ProbeRules, ProbeState, Reach
from distributed.health.slo import SloClassifier, SloTargets
from distributed.messages.health import ManagerStatus

from .candidate import Candidate
from .decision import Decision
from .dispatch_times import DispatchTimes
from .facts import DatacenterFacts
from .observed import ObservedLatency
from .request import RouteRequest
from .reservations import Reservation
from .router import Router

REFRESH_SECONDS = 0.25
"""How old a prepared candidate may be when nothing new was heard of its datacenter."""


class Datacenter:
    """What is known of one datacenter. Its trackers may be used directly."""

    def __init__(
        self,
        name: str,
        probe_rules: ProbeRules,
        slo_targets: SloTargets | None,
        doubt_seconds: float,
    ) -> None:
        self.name = name
        self._doubt = doubt_seconds
        self.managers = CapacityAggregator()
        self.breaker = CircuitBreaker()
        self.probe = ProbeState(probe_rules)
        self.slo = SloClassifier(slo_targets) if slo_targets is not None else None
        self.rtt: tuple[float, float] | None = None
        self.live_managers: int | None = None
        self.known_managers = 0
        self.assessment = Assessment(Bucket.HEALTHY, ())
        self.capacity: Capacity | None = None
        self._damper = HealthDamper()
        self.candidate: Candidate | None = None
        self.prepared_at = float("-inf")
        self.was_away = False

    def in_doubt(self, now: float) -> bool:
        """Whether it may be failing: probes go unanswered, or its managers are overdue.

        Doubt comes before any eviction, so that failures of all at once are seen together.
        """
        self.capacity = self.managers.capacity(now)
        if self.probe.reach is not Reach.REACHABLE:
            return True
        if self.capacity is None:
            return self.known_managers > 0
        return now - self.capacity.at > self._doubt

    @property
    def away(self) -> bool:
        """Whether nothing is heard of it: no probe answered, or every manager lost."""
        lost = self.capacity is None and self.known_managers > 0
        return lost or self.probe.reach is Reach.UNREACHABLE

    @property
    def round_trip(self) -> tuple[float, float] | None:
        """Seconds and error, by coordinates or by probes: whichever bounds it lower."""
        measured = self.probe.rtt_seconds
        if measured is None:
            return self.rtt
        probed = (measured, self.probe.rtt_deviation_seconds)
        return probed if self.rtt is None else min(self.rtt, probed, key=_upper_bound)

    def assess(self, now: float, reading: FailureReading, *, flapping: bool) -> Bucket:
        """The bucket to route by, and in `assessment` what argues for it."""
        if self.capacity is None and not self.known_managers:
            self.assessment = Assessment(Bucket.HEALTHY, ("nothing is known yet",))
            return self.assessment.bucket
        slo = self.slo.view(now).sustained if self.slo is not None else None
        self.assessment = classify(
            self.capacity,
            known_managers=self.known_managers,
            reach=self.probe.reach,
            shielded=self.name in reading.shielded,
            **({} if slo is None else {"slo": slo}),
        )
        return self._damper.step(self.assessment.bucket, now, flapping=flapping)


class Dispatch:
    """One dispatch of one job to one datacenter. Hangs off the job's record."""

    __slots__ = ("_knowledge", "_probing", "_times", "datacenter", "reservation")

    def __init__(
        self,
        knowledge: RoutingKnowledge,
        datacenter: str,
        reservation: Reservation,
        *,
        probing: bool = False,
    ) -> None:
        self._knowledge = knowledge
        self._probing = probing
        self._times = DispatchTimes()
        self.datacenter = datacenter
        self.reservation = reservation

    def sent(self, now: float, expected_wait_seconds: float) -> None:
        """It is on its way."""
        self._times.sent(self.datacenter, now, expected_wait_seconds=expected_wait_seconds)

    def accepted(self, now: float) -> None:
        """A manager took the job."""
        self._probing = False
        self._times.accepted(self.datacenter, now)
        self.reservation.acknowledge(now)
        self._knowledge.datacenter(self.datacenter).breaker.succeeded(now)

    def finished(self, now: float, execution_seconds: float) -> None:
        """The last result is here; `execution_seconds` is its workflows' critical path."""
        self.reservation.release()
        sample = self._times.finished(self.datacenter, now, execution_seconds)
        if sample is not None:
            self._knowledge.observed.record(sample, now)

    def failed(self, now: float, *, refused: bool) -> None:
        """Refused, unanswered (`refused`), or the datacenter failed or lost the job."""
        self._probing = False
        self.reservation.release()
        sample = self._times.failed(self.datacenter, now)
        if sample is not None:
            self._knowledge.observed.record(sample, now)
            self._knowledge.failed(self.datacenter, now, refused=refused)

    def abandoned(self) -> None:
        """The job ended otherwise (cancelled, timed out): nothing is learnt. Idempotent.

        A half-open circuit's probe that was not answered yet is given back.
        """
        if self._probing:
            self._probing = False
            self._knowledge.datacenter(self.datacenter).breaker.abandoned()
        self.reservation.release()
        self._times.abandoned(self.datacenter)


class RoutingKnowledge:
    """One gate's view of every datacenter, and its router.

    Args:
        doubt_seconds: a datacenter whose managers all say nothing for longer may be failing.
    """

    def __init__(
        self,
        router: Router | None = None,
        *,
        probe_rules: ProbeRules | None = None,
        slo_targets: SloTargets | None = None,
        doubt_seconds: float = 2.5,
    ) -> None:
        self.router = router if router is not None else Router()
        self.observed = ObservedLatency()
        self.correlation = FailureCorrelation()
        self.peers = PeerView()
        self._probe_rules = probe_rules if probe_rules is not None else ProbeRules()
        self._slo_targets = slo_targets
        self._doubt = doubt_seconds
        self._datacenters: dict[str, Datacenter] = {}

    def datacenter(self, name: str) -> Datacenter:
        """One datacenter's trackers, from the first mention on."""
        known = self._datacenters.get(name)
        if known is None:
            known = Datacenter(name, self._probe_rules, self._slo_targets, self._doubt)
            self._datacenters[name] = known
        return known

    def names(self) -> tuple[str, ...]:
        """Every datacenter mentioned so far."""
        return tuple(self._datacenters)

    def manager_lost(self, name: str, manager: str) -> None:
        """A manager died, left or restarted: what it reported no longer counts."""
        known = self.datacenter(name)
        known.managers.forget(manager)
        known.prepared_at = float("-inf")

    def forget(self, name: str) -> None:
        """The datacenter is no part of the cluster any more."""
        self._datacenters.pop(name, None)
        self.correlation.forget(name)
        self.router.reservations.drop(name)

    def status(self, status: ManagerStatus, now: float) -> bool:
        """A manager's status arrived; False for one that is older than what is known."""
        known = self.datacenter(status.datacenter)
        if not known.managers.report(status, now):
            return False
        busy = status.cores - status.free_cores
        self.router.reservations.reported(status.datacenter, now, busy=busy)
        known.prepared_at = float("-inf")
        return True

    def members(self, name: str, *, live: int, known: int) -> None:
        """How many managers membership knows there, and how many of them live."""
        datacenter = self.datacenter(name)
        if (live, known) != (datacenter.live_managers, datacenter.known_managers):
            datacenter.live_managers, datacenter.known_managers = live, known
            datacenter.prepared_at = float("-inf")

    def round_trip(self, name: str, seconds: float, error_seconds: float) -> None:
        """The round trip by coordinates and its error."""
        self.datacenter(name).rtt = (seconds, error_seconds)

    def served(self, name: str, sketch: bytes, now: float) -> bool:
        """Latencies that a workflow reported from there; False for bytes that are no sketch."""
        slo = self.datacenter(name).slo
        if slo is None:
            return True
        try:
            slo.record(sketch, now)
        except ValueError:
            return False
        return True

    def failed(self, name: str, now: float, *, refused: bool) -> None:
        """A dispatch failed: jobs that follow avoid the datacenter for a while."""
        known = self.datacenter(name)
        self.router.failed(name, now)
        if refused:
            known.breaker.failed(now)
        known.prepared_at = float("-inf")

    def decide(self, request: RouteRequest, now: float) -> Decision:
        """Where a job goes; the gate's route follows the choice."""
        return self.router.decide(request, self.candidates(now), now)

    def plan(self, request: RouteRequest, now: float) -> Decision:
        """Where a job would go; nothing is remembered."""
        return self.router.plan(request, self.candidates(now), now)

    def dispatch(self, decision: Decision, name: str, cores: int, now: float) -> Dispatch:
        """The job is being sent there: cores are reserved, a half-open circuit's probe taken."""
        known = self.datacenter(name)
        probing = known.breaker.state(now) is Circuit.HALF_OPEN and known.breaker.allow(now)
        if known.candidate is not None and known.candidate.facts.circuit != "closed":
            known.prepared_at = float("-inf")
        free = known.capacity.free_cores if known.capacity is not None else 0
        reservation = self.router.reservations.reserve(name, cores, free, now)
        made = Dispatch(self, name, reservation, probing=probing)
        made.sent(now, decision.wait_seconds(name))
        return made

    def candidates(self, now: float) -> list[Candidate]:
        """Every datacenter prepared for scoring, anew where something changed."""
        due = [k for k in self._datacenters.values() if now - k.prepared_at >= REFRESH_SECONDS]
        for known in due:
            self.correlation.observe(known.name, failing=known.in_doubt(now), now=now)
        if due:
            reading = self.reading(now)
            for known in due:
                known.candidate = self._prepare(known, reading, now)
                known.prepared_at = now
        return [k.candidate for k in self._datacenters.values() if k.candidate is not None]

    def reading(self, now: float) -> FailureReading:
        """How the failures of now are to be read: whether this gate is itself cut off."""
        return self.correlation.read(now, self.peers)

    def isolated(self, now: float) -> bool:
        """Whether this gate takes itself for cut off: then it gives nobody up."""
        return self.reading(now).isolated

    def shielded(self, name: str, now: float) -> bool:
        """Whether its failure may be this gate's own, or other gates still reach it."""
        return name in self.reading(now).shielded

    def evicted(self, name: str, now: float) -> bool:
        """Whether it is unhealthy as of now: what is on its way there had better go elsewhere."""
        self.candidates(now)
        candidate = self.datacenter(name).candidate
        return candidate is not None and candidate.facts.bucket is Bucket.UNHEALTHY

    def unheard(self) -> tuple[str, ...]:
        """Datacenters of which this gate hears nothing, by name: other gates are told."""
        return tuple(sorted(k.name for k in self._datacenters.values() if k.away))

    def _prepare(self, known: Datacenter, reading: FailureReading, now: float) -> Candidate:
        flapping = self.correlation.flapping(known.name, now)
        bucket = known.assess(now, reading, flapping=flapping)
        capacity = known.capacity
        away = known.away or (capacity is not None and capacity.draining)
        if known.was_away and not away:
            self.observed.recovered(known.name, now)
            self.router.recovered(known.name)
            known.breaker.reset()
        known.was_away = away
        return Candidate(self._facts(known, bucket, now), self.router.rules.scoring)

    def _facts(self, known: Datacenter, bucket: Bucket, now: float) -> DatacenterFacts:
        capacity, learnt = known.capacity, self.observed.of(known.name)
        rtt = known.round_trip
        service = learnt.service_seconds if learnt is not None else None
        return DatacenterFacts(
            name=known.name,
            bucket=bucket,
            condition="; ".join(known.assessment.reasons) if bucket else "",
            managers=known.live_managers,
            free_cores=capacity.free_cores if capacity else 0,
            total_cores=capacity.total_cores if capacity else 0,
            queued=capacity.queued if capacity else 0,
            largest_worker=capacity.largest_worker if capacity else 0,
            dispatch_rate=capacity.dispatch_rate if capacity else 0.0,
            service_seconds=service or self.observed.service_seconds,
            wait_seconds=capacity.wait_seconds if capacity else 0.0,
            capacity_at=capacity.at if capacity else None,
            circuit=known.breaker.usable(now),
            draining=capacity.draining if capacity else False,
            pressure=capacity.pressure if capacity else 0.0,
            rtt_seconds=rtt[0] if rtt else None,
            rtt_error_seconds=rtt[1] if rtt else 0.0,
            overhead_seconds=learnt.overhead_seconds if learnt else None,
            confidence=learnt.confidence if learnt else 0.0,
            observed_at=learnt.observed_at if learnt else 0.0,
            failure_seconds=learnt.failure_seconds if learnt else 0.0,
            failed_at=learnt.failed_at if learnt else 0.0,
            slo_factor=known.slo.view(now).factor if known.slo is not None else 1.0,
        )


def _upper_bound(estimate: tuple[float, float]) -> float:
    """The upper confidence bound that a score is made of."""
    return estimate[0] + 2.0 * estimate[1]
