"""What a gate shows: jobs, datacenters, routing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from distributed.errors import ConfigError, JobGone
from distributed.gate.node import GateNode
from distributed.messages.admin import DrainNode, DrainStarted
from distributed.messages.cancel import CancelJob, CancelOutcome
from distributed.messages.health import ManagerStatus, WorkerStatus
from distributed.messages.submission import (
    ExplainJob,
    Explanation,
    FetchLogs,
    JobEvent,
    JobEvents,
    JobHistory,
    JobList,
    JobLogs,
    JobView,
    ListJobs,
    ShowJob,
)
from distributed.routing.request import RouteRequest
from distributed.types import JobState

from .asking import Asking
from .course import elapsed_of, runs_of, windows_of
from .member_watch import MemberWatch
from .models import (
    CandidateLine,
    DatacenterLine,
    Death,
    JobLine,
    JobPage,
    Jobs,
    Overview,
    Plot,
    Route,
    Routing,
    Trouble,
    WorkerLine,
    Workers,
)
from .trails import Trails

LISTED = 100
SEARCHED = 1000
SAMPLED_JOBS = 64
FACTORS = (
    "score",
    "latency_seconds",
    "load",
    "quality",
    "cooldown",
    "predicted_seconds",
    "observed_seconds",
    "confidence",
    "failure_seconds",
    "wait_seconds",
    "free_cores",
    "total_cores",
)


class GateSource:
    """A gate's pages. `ended` gives how many jobs ended in each state since the start."""

    def __init__(
        self, gate: GateNode, watch: MemberWatch | None, ended: Callable[[], dict[str, int]]
    ) -> None:
        self._gate = gate
        self._watch = watch
        self._ended = ended
        self._asking = Asking(gate.handlers(), lambda: gate.state.pool)
        self._trails = Trails()

    def overview(self) -> Overview:
        """Datacenters, cores, jobs, who died and why, who is not well."""
        node = self._gate.status()
        return Overview(
            node=node,
            datacenters=tuple(self._datacenters()),
            open_jobs=dict(Counter(r.state.value for r in self._gate.state.records.values())),
            ended_jobs=self._ended(),
            deaths=self._deaths(),
            degraded=tuple(self._degraded()),
            notes=tuple(f"{key}: {node.detail[key]}" for key in ("ledger", "overload")),
        )

    def gauges(self) -> dict[str, float]:
        """Cores and jobs; samples the newest open jobs on the way."""
        self._sample()
        lines = list(self._datacenters())
        return {
            "cores": sum(line.cores for line in lines),
            "cores in use": sum(line.cores - line.free_cores for line in lines),
            "queued": sum(line.queued for line in lines),
            "open jobs": len(self._gate.state.records),
        }

    def _sample(self) -> None:
        now = self._gate.state.clock.now()
        for record in islice(reversed(self._gate.state.records.values()), SAMPLED_JOBS):
            trail = self._trails.of(record.job_id)
            elapsed = now - record.accepted_at
            for run in record.runs.values():
                if run.progress is not None:
                    trail.add(elapsed, run.progress)
                if run.states:
                    trail.see(elapsed, run.datacenter, run.states)

    def _reports(self) -> Iterator[tuple[str, float, ManagerStatus]]:
        """Datacenter, age, status; the newest of each datacenter first."""
        knowledge = self._gate.managers.knowledge
        now = self._gate.state.clock.now()
        for name in knowledge.names():
            for age, status in knowledge.datacenter(name).managers.reports(now):
                yield name, age, status

    def _datacenters(self) -> Iterator[DatacenterLine]:
        knowledge = self._gate.managers.knowledge
        now = self._gate.state.clock.now()
        buckets = {c.name: c.facts.bucket.label for c in self._gate.managers.candidates().values()}
        for name in sorted(knowledge.names()):
            capacity = knowledge.datacenter(name).managers.capacity(now)
            yield DatacenterLine(
                name=name,
                bucket=buckets.get(name, "unknown"),
                managers=len(self._gate.managers.live(name)),
                workers=capacity.workers if capacity else 0,
                healthy_workers=capacity.healthy_workers if capacity else 0,
                cores=capacity.total_cores if capacity else 0,
                free_cores=capacity.free_cores if capacity else 0,
                queued=capacity.queued if capacity else 0,
                dispatch_rate=capacity.dispatch_rate if capacity else 0.0,
                wait_seconds=capacity.wait_seconds if capacity else 0.0,
                age_seconds=now - capacity.at if capacity else None,
            )

    def _deaths(self) -> tuple[Death, ...]:
        """Gates by membership, managers by this gate, workers as their managers tell."""
        found = (
            {death.name: death for death in reversed(self._watch.deaths())} if self._watch else {}
        )
        now = self._gate.state.clock.now()
        for view in self._gate.managers.everyone():
            if not view.alive and view.lost_reason:
                found[view.name] = Death(
                    name=view.name,
                    role="manager",
                    reason=view.lost_reason,
                    seconds_ago=now - view.lost_at,
                    told_by=self._gate.name,
                )
        for name, age, status in self._reports():
            for went in status.departures:
                ago = went.seconds_ago + age
                if went.name in found and found[went.name].seconds_ago <= ago:
                    continue
                found[went.name] = Death(
                    name=went.name,
                    role="worker",
                    reason=f"{went.reason}; {went.dispatches} dispatches were with it",
                    seconds_ago=ago,
                    died=went.died,
                    told_by=f"{status.name} of {name}",
                )
        return tuple(sorted(found.values(), key=lambda death: death.seconds_ago))

    def _degraded(self) -> Iterator[Trouble]:
        for name, candidate in sorted(self._gate.managers.candidates().items()):
            because = self._gate.managers.knowledge.datacenter(name).assessment.reasons
            if candidate.facts.bucket.label != "healthy":
                reason = f"{candidate.facts.bucket.label}: {', '.join(because)}"
                yield Trouble(name=name, role="datacenter", reason=reason)
        for line in self.workers().workers:
            if line.standing != "healthy":
                yield Trouble(name=line.name, role="worker", reason=line.standing)

    async def jobs(
        self, *, states: tuple[str, ...] = (), search: str = "", before: str = ""
    ) -> Jobs:
        """From the ledger, any gate's; a search looks through the newest thousand."""
        limit = SEARCHED if search else LISTED
        answer = await self._asking.ask(ListJobs(states=states, limit=limit, before=before))
        assert isinstance(answer, JobList)
        sought = search.casefold()
        found = [
            view
            for view in answer.jobs
            if sought in view.name.casefold() or view.job_id.startswith(search)
        ]
        shown = found[:LISTED]
        more = len(found) > LISTED or len(answer.jobs) == limit
        return Jobs(
            jobs=tuple(map(self._line, shown)),
            states=states,
            search=search,
            older=shown[-1].job_id if shown and more else "",
            looked_at=len(answer.jobs),
        )

    def _line(self, view: JobView) -> JobLine:
        record = self._gate.state.records.get(view.job_id)
        return JobLine(
            id=view.job_id,
            name=view.name,
            state=record.state.value if record is not None else view.state,
            owner=view.owner,
            epoch=view.epoch,
            age_seconds=view.age_seconds,
            elapsed_seconds=view.elapsed_seconds,
            reason=view.reason,
            done=len(record.results) if record is not None else 0,
            total=len(record.job.workflows) if record is not None else 0,
        )

    async def job(self, job_id: str) -> JobPage | None:
        """All that is known of the job, from whichever gate owns it."""
        view = await self._asking.ask(ShowJob(job_id))
        if not isinstance(view, JobView):
            return None
        history = await self._asking.ask(JobHistory(view.job_id))
        events: tuple[JobEvent, ...] = history.events if isinstance(history, JobEvents) else ()
        explained = await self._asking.ask(ExplainJob(view.job_id))
        logs = await self._asking.ask(FetchLogs(view.job_id))
        trail = self._trails.known(view.job_id)
        elapsed = elapsed_of(view)
        return JobPage(
            job=view,
            elapsed_seconds=elapsed,
            runs=runs_of(view, events, trail.seen if trail else {}),
            windows=windows_of(view, elapsed),
            latencies=view.datacenters,
            events=events,
            decisions=explained.decisions if isinstance(explained, Explanation) else (),
            logs=logs.lines if isinstance(logs, JobLogs) else (),
            logs_dropped=logs.dropped if isinstance(logs, JobLogs) else 0,
            cancellable=not JobState(view.state).final,
        )

    def trail(self, job_id: str) -> dict[str, Plot]:
        """What was sampled of the job while this gate owned it."""
        trail = self._trails.known(job_id)
        return trail.plots() if trail is not None else {}

    async def cancel(self, job_id: str, reason: str) -> dict[str, str]:
        """Order it as a client would; raises as `CancelSource.cancel` says."""
        answer = await self._asking.ask(CancelJob(job_id, reason=reason))
        if not isinstance(answer, CancelOutcome):
            raise JobGone(job_id)
        return dict(answer.outcomes)

    def routing(self) -> Routing:
        """Where one core's worth of work would go now, and what the gate remembers."""
        knowledge = self._gate.managers.knowledge
        now = self._gate.state.clock.now()
        decision = knowledge.plan(RouteRequest(), now)
        view = decision.explain()
        lines = []
        for candidate in view.candidates:
            known = knowledge.datacenter(candidate.name)
            lines.append(
                CandidateLine(
                    name=candidate.name,
                    verdict=candidate.verdict,
                    reason=candidate.reason,
                    bucket=candidate.bucket,
                    because=known.assessment.reasons,
                    circuit=known.breaker.usable(now).value,
                    reach=known.probe.reach.value,
                    factors={name: getattr(candidate, name) for name in FACTORS},
                )
            )
        reading = knowledge.reading(now)
        return Routing(
            primaries=view.primaries,
            reason=view.reason,
            notes=view.notes,
            candidates=tuple(lines),
            routes=tuple(
                Route(
                    asks=_asks(route),
                    datacenters=held.datacenters,
                    held_seconds=now - held.since,
                    switches=held.switches,
                )
                for route, held in reversed(knowledge.router.holds.routes())
            ),
            cooldowns=knowledge.router.cooldowns.factors(now),
            reserved={
                name: cores for name, (cores, _) in knowledge.router.reservations.snapshot().items()
            },
            isolated=reading.reason if reading.isolated else "",
        )

    def workers(self) -> Workers:
        """Every worker that managers report, once, by its newest report."""
        newest: dict[str, tuple[str, float, WorkerStatus]] = {}
        for datacenter, age, status in self._reports():
            for worker in status.worker_facts:
                held = newest.get(worker.name)
                if held is None or (
                    worker.instance == held[2].instance and worker.sequence > held[2].sequence
                ):
                    newest[worker.name] = datacenter, age, worker
        return Workers(
            workers=tuple(
                WorkerLine.of(worker, datacenter=datacenter, age=age)
                for _, (datacenter, age, worker) in sorted(newest.items())
            ),
            gone=tuple(death for death in self._deaths() if death.role == "worker"),
        )

    async def drain(self, name: str) -> int:
        """Ask a manager; workers are drained at their manager's page or their own."""
        view = self._gate.managers.view(name)
        if view is None:
            raise ConfigError(f"this gate knows no manager named {name}", field="name")
        answer = await self._asking.ask_other(view.address, DrainNode())
        return answer.running if isinstance(answer, DrainStarted) else 0


def _asks(route: tuple[tuple[str, ...], tuple[str, ...], bool, int]) -> str:
    pinned, named, required, count = route
    parts = [f"{count} datacenter{'s' if count != 1 else ''}"]
    if named:
        parts.append(f"{'only' if required else 'rather'} {', '.join(named)}")
    if pinned:
        parts.append(f"pinned to {', '.join(pinned)}")
    return ", ".join(parts)
