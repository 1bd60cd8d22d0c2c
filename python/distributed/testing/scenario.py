"""A run as a value: a cluster, the jobs it is given, and what goes wrong meanwhile."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable
from typing import Any

import msgspec

from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import DEADLINE_SECONDS, SMALL, ClusterSpec
from distributed.testing.faults import EXPECTED_ERRORS, VERBS, Fault
from distributed.testing.invariants import Invariant, Violation, Watch
from distributed.testing.invariants_final import (
    AskedIsAnswered,
    EveryJobEnds,
    NothingIsLeft,
    OneJobForAKey,
)
from distributed.testing.invariants_ledger import LedgerMovesForward, RecordedOnce
from distributed.testing.invariants_live import (
    CancelIsFinal,
    ClientsSeeProgress,
    CoresAddUp,
    NothingSwallowed,
    OneActor,
    QueuesAreBounded,
    WorkIsFenced,
)
from distributed.testing.nemesis import PROFILES, Nemesis
from distributed.testing.timeline import timeline
from distributed.testing.virtual_loop import VirtualTimeError
from distributed.testing.workload import Arrival, Workload

STEP_SECONDS = 1.0
SETTLE_SECONDS = 10.0
GRACE_SECONDS = 60.0
KEPT_SECONDS = 75.0


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run depends on; `seed` alone fixes it where `drawn` made it."""

    seed: int
    seconds: float
    spec: ClusterSpec = SMALL
    arrivals: tuple[Arrival, ...] = ()
    faults: tuple[Fault, ...] = ()
    expected_errors: tuple[str, ...] = ()


def drawn(
    seed: int,
    *,
    profile: str = "chaos",
    minutes: float = 5.0,
    jobs: int | None = None,
    spec: ClusterSpec = SMALL,
) -> Scenario:
    """The scenario of a seed: jobs and faults for the first two thirds, then peace."""
    seconds = minutes * 60.0
    count = max(1, int(seconds / 6.0)) if jobs is None else jobs
    busy = seconds * 2 / 3
    return Scenario(
        seed=seed,
        seconds=seconds,
        spec=spec,
        arrivals=Workload(seed, spec).plan(count, busy),
        faults=Nemesis(seed, spec, PROFILES[profile]).plan(busy),
    )


class Report(msgspec.Struct, frozen=True):
    """What became of a run."""

    scenario: Scenario
    violations: tuple[Violation, ...]
    digest: str
    virtual_seconds: float
    jobs: dict[str, int]
    faults: int
    events: int
    story: str

    @property
    def failed(self) -> bool:
        """Whether a rule was broken."""
        return bool(self.violations)


class Run:
    """Plays one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.cluster = SimCluster(scenario.seed, scenario.spec)

    def play(self) -> Report:
        """Run to the end, or to the first rule that is broken."""
        with self.cluster as cluster:
            live, final, left = self._rules()
            try:
                cluster.log.expect((*EXPECTED_ERRORS, *self.scenario.expected_errors))
                cluster.start()
                ok = self._busy(live) and self._settle(live)
                ok = ok and final.check() and self._cool_down(live) and left.check()
                violations = (*live.violations, *final.violations, *left.violations)
            except VirtualTimeError as error:
                violations = (Violation("the run goes on", cluster.loop.time(), str(error)),)
            report = self._report(violations)
        gc.collect()
        return report

    def _rules(self) -> tuple[Watch, Watch, Watch]:
        cluster = self.cluster
        live: list[Invariant] = [
            rule(cluster)
            for rule in (
                OneActor,
                WorkIsFenced,
                CancelIsFinal,
                ClientsSeeProgress,
                CoresAddUp,
                QueuesAreBounded,
                NothingSwallowed,
                LedgerMovesForward,
                RecordedOnce,
            )
        ]
        final: list[Invariant] = [
            EveryJobEnds(cluster),
            OneJobForAKey(cluster),
            AskedIsAnswered(cluster),
        ]
        return Watch(cluster, live), Watch(cluster, final), Watch(cluster, [NothingIsLeft(cluster)])

    def _busy(self, rules: Watch) -> bool:
        cluster, scenario = self.cluster, self.scenario
        began = cluster.loop.time()
        for arrival in scenario.arrivals:
            cluster.loop.call_at(began + arrival.at, self._arrive, arrival)
        for fault in scenario.faults:
            cluster.loop.call_at(began + fault.at, self._strike, fault)
        return self._steps(rules, scenario.seconds)

    def _steps(self, rules: Watch, seconds: float) -> bool:
        until = self.cluster.loop.time() + seconds
        while self.cluster.loop.time() < until - 1e-9:
            self.cluster.run_for(min(STEP_SECONDS, until - self.cluster.loop.time()))
            if not rules.check():
                return False
        return True

    def _arrive(self, arrival: Arrival) -> None:
        process = self.cluster[arrival.client]
        if not process.up:
            return
        submission = self.cluster.submit(arrival.job, client=arrival.client, key=arrival.key)
        if arrival.cancel_after is not None:
            self.cluster.loop.call_later(
                arrival.cancel_after, submission.cancel, arrival.cancel_workflow
            )

    def _strike(self, fault: Fault) -> None:
        self.cluster.trace.add(fault.target, "fault", fault.kind, fault.other, str(fault))
        undo = VERBS[fault.kind](self.cluster, fault)
        self.cluster.loop.call_later(fault.seconds, undo)

    def _settle(self, rules: Watch) -> bool:
        """Peace: wait until every accepted job has ended, then ask for what is unanswered."""
        longest = max(
            (a.job.deadline_seconds or DEADLINE_SECONDS for a in self.scenario.arrivals),
            default=0.0,
        )
        give_up = self.cluster.loop.time() + longest + GRACE_SECONDS
        while self.cluster.loop.time() < give_up and not self._all_ended():
            if not self._steps(rules, SETTLE_SECONDS):
                return False
        waiting = [
            submission.collect()
            for submission in self.cluster.submissions
            if submission.accepted and submission.result is None
        ]
        if waiting:
            self.cluster.run(_wait(waiting))
        return self._steps(rules, STEP_SECONDS)

    def _all_ended(self) -> bool:
        return all(
            submission.result is not None or submission.refusal is not None
            for submission in self.cluster.submissions
        )

    def _cool_down(self, rules: Watch) -> bool:
        return self._steps(rules, KEPT_SECONDS)

    def _report(self, violations: Iterable[Violation]) -> Report:
        cluster = self.cluster
        jobs: dict[str, int] = {}
        for submission in cluster.submissions:
            kind = submission.state or ("refused" if submission.refusal else "unanswered")
            jobs[kind] = jobs.get(kind, 0) + 1
        found = tuple(violations)
        return Report(
            self.scenario,
            found,
            cluster.trace.digest(),
            cluster.loop.time(),
            dict(sorted(jobs.items())),
            len(self.scenario.faults),
            cluster.trace.count,
            timeline(cluster.trace.recent) if found else "",
        )


async def _wait(tasks: list[asyncio.Task[Any]]) -> None:
    await asyncio.wait(tasks, timeout=30.0)


def play(scenario: Scenario) -> Report:
    """Run one scenario."""
    return Run(scenario).play()
