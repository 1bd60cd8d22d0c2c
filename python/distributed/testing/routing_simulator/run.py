"""One policy on one trace, event by event in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

import msgspec

from .policy import Job, Policy, Report
from .trace import FaultKind, Trace
from .world import FAIL_SECONDS, World

MAX_DISPATCHES = 6
DISPATCH_TIMEOUT_SECONDS = 2.0
MEASURE_SECONDS = 1.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy made of one trace. Times in seconds.

    `route_seconds` is the mean of what jobs paid besides running: ways, waits and retries.
    """

    policy: str
    jobs: int
    lost: int
    mean_seconds: float
    p50_seconds: float
    p99_seconds: float
    route_seconds: float
    dispatches_per_job: float
    switches: int
    placed: dict[str, int]
    timeline: tuple[tuple[float, float], ...] = ()


class Run:
    """The event loop of one run. The same trace, policy and seed give the same result."""

    def __init__(self, trace: Trace, make: Callable[[World, Random], Policy], seed: int) -> None:
        self.world = World(trace, Random(seed))
        self.policy = make(self.world, Random(seed + 1))
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._pushed = 0
        self._done: list[tuple[float, float, float, int]] = []
        self._lost = 0
        self.placed = dict.fromkeys(self.world.sites, 0)
        self.watch: Callable[[float], None] | None = None

    def result(self) -> Result:
        """Run to the end and sum up."""
        self._play()
        latencies = sorted(latency for _, latency, _, _ in self._done)
        count = len(latencies) or 1
        return Result(
            policy=self.policy.name,
            jobs=len(latencies),
            lost=self._lost,
            mean_seconds=sum(latencies) / count,
            p50_seconds=latencies[len(latencies) // 2] if latencies else 0.0,
            p99_seconds=latencies[int(0.99 * len(latencies))] if latencies else 0.0,
            route_seconds=sum(latency - run for _, latency, run, _ in self._done) / count,
            dispatches_per_job=sum(tries for *_, tries in self._done) / count,
            switches=self.policy.switches,
            placed=self.placed,
            timeline=_timeline(self._done),
        )

    def _play(self) -> None:
        trace = self.world.trace
        end = trace.arrivals[-1].at if trace.arrivals else 0.0
        for number, site in enumerate(trace.sites):
            offset = trace.report_seconds * number / len(trace.sites)
            self._push(offset, self._reporting(site.name, end))
            self._push(offset, self._measuring(site.name, end))
        for number, work in enumerate(trace.arrivals):
            if work.site:
                self._push(work.at, self._local(work.site, work.cores, work.seconds))
            else:
                job = Job(number, work.at, work.cores, work.seconds)
                self._push(work.at, lambda now, job=job: self._dispatch(job, now))  # type: ignore[misc]
        while self._events:
            now, _, action = heappop(self._events)
            action(now)

    def _push(self, at: float, action: Callable[[float], None]) -> None:
        self._pushed += 1
        heappush(self._events, (at, self._pushed, action))

    def _local(self, site: str, cores: int, seconds: float) -> Callable[[float], None]:
        def arrive(now: float) -> None:
            self.world.cores[site].take(now, cores, seconds)

        return arrive

    def _reporting(self, site: str, end: float) -> Callable[[float], None]:
        def tick(now: float) -> None:
            cores = self.world.cores[site]
            draining = self.world.fault(site, FaultKind.DRAINING, now) is not None
            report = Report(
                site,
                cores.count,
                free=cores.free(now),
                queued=cores.waiting(now),
                wait_seconds=cores.wait_seconds(now),
                dispatch_rate=cores.dispatch_rate(now),
                draining=draining,
            )
            if self.world.fault(site, FaultKind.CUT, now) is None:
                way = self.world.way(site, now)
                self._push(now + way, lambda at: self.policy.reported(report, at))
            if now < end:
                self._push(now + self.world.trace.report_seconds, tick)

        return tick

    def _measuring(self, site: str, end: float) -> Callable[[float], None]:
        def tick(now: float) -> None:
            rtt: float | None = self.world.way(site, now) + self.world.way(site, now)
            if self.world.fault(site, FaultKind.CUT, now) is not None:
                rtt = None
            self.policy.measured(site, rtt, now)
            if self.watch is not None:
                self.watch(now)
            if now < end:
                self._push(now + MEASURE_SECONDS, tick)

        return tick

    def _dispatch(self, job: Job, now: float) -> None:
        site = self.policy.choose(job, now) if job.dispatches < MAX_DISPATCHES else None
        if site is None:
            self._lost += 1
            return
        job.dispatches += 1
        self.placed[site] += 1
        if self.world.fault(site, FaultKind.CUT, now) is not None:
            self._push(now + DISPATCH_TIMEOUT_SECONDS, lambda at: self._failed(job, site, at, True))
            return
        self._push(now + self.world.way(site, now), lambda at: self._arrive(job, site, at))

    def _arrive(self, job: Job, site: str, now: float) -> None:
        back = now + self.world.way(site, now)
        if self.world.fault(site, FaultKind.DRAINING, now) is not None:
            self._push(back, lambda at: self._failed(job, site, at, True))
            return
        self._push(back, lambda at: self.policy.accepted(job, site, at))
        if self.world.fault(site, FaultKind.FAILING, now) is not None:
            self._push(back + FAIL_SECONDS, lambda at: self._failed(job, site, at, False))
            return
        end = self.world.cores[site].take(now, job.cores, job.seconds) + job.seconds
        self._push(end + self.world.way(site, end), lambda at: self._finished(job, site, at))

    def _failed(self, job: Job, site: str, now: float, refused: bool) -> None:
        self.policy.failed(job, site, now, refused=refused)
        job.failed.add(site)
        self._dispatch(job, now)

    def _finished(self, job: Job, site: str, now: float) -> None:
        self.policy.finished(job, site, now)
        self._done.append((job.arrived, now - job.arrived, job.seconds, job.dispatches))


def _timeline(
    done: list[tuple[float, float, float, int]], *, width: float = 5.0
) -> tuple[tuple[float, float], ...]:
    """Mean route cost of the jobs that arrived in each slice of time."""
    sums: dict[int, tuple[float, int]] = {}
    for arrived, latency, run, _ in done:
        total, count = sums.get(int(arrived / width), (0.0, 0))
        sums[int(arrived / width)] = (total + latency - run, count + 1)
    return tuple((index * width, total / n) for index, (total, n) in sorted(sums.items()))
