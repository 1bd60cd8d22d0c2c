"""Draws jobs from a seed: shapes, durations, failures, cancellations, repeated submissions."""

from __future__ import annotations

import random

import msgspec

from distributed.messages.job import Job, Placement, Workflow
from distributed.testing.cluster_spec import ClusterSpec
from distributed.testing.simulated_work import Script, workflow


class Arrival(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job that a client submits.

    Attributes:
        at: virtual seconds after the start of the run.
        key: the idempotency key; "" has the client make one.
        cancel_after: seconds after the submission at which the client cancels; None for never.
        cancel_workflow: cancels only this one; "" for the job.
    """

    at: float
    client: str
    job: Job
    key: str = ""
    cancel_after: float | None = None
    cancel_workflow: str = ""


class Workload:
    """Jobs of every shape that a cluster of `spec` can run."""

    def __init__(self, seed: int, spec: ClusterSpec) -> None:
        self._rng = random.Random(f"workload:{seed}")
        self._spec = spec

    def plan(self, jobs: int, seconds: float) -> tuple[Arrival, ...]:
        """So many jobs over `seconds`, in order of arrival."""
        rng = self._rng
        instants = sorted(round(rng.uniform(0.0, seconds), 3) for _ in range(jobs))
        arrivals: list[Arrival] = []
        for index, at in enumerate(instants):
            arrival = self._arrival(index, at)
            arrivals.append(arrival)
            if arrival.key and rng.random() < 0.5:
                arrivals.append(self._again(arrival))
        return tuple(sorted(arrivals, key=lambda arrival: arrival.at))

    def _arrival(self, index: int, at: float) -> Arrival:
        rng = self._rng
        job = self._job(index)
        cancel_after, cancelled = None, ""
        if rng.random() < 0.15:
            cancel_after = round(rng.uniform(0.0, 6.0), 3)
            if rng.random() < 0.3:
                cancelled = rng.choice(job.workflows).name
        key = f"key-{index}" if rng.random() < 0.2 else ""
        return Arrival(at, self._client(), job, key, cancel_after, cancelled)

    def _again(self, first: Arrival) -> Arrival:
        """The same submission once more: a twin, or a late repetition."""
        later = self._rng.choice([0.0, 0.001, 0.5, 5.0])
        return Arrival(round(first.at + later, 3), self._client(), first.job, first.key)

    def _client(self) -> str:
        return f"c{self._rng.randint(1, self._spec.clients)}"

    def _job(self, index: int) -> Job:
        rng = self._rng
        shape = rng.choice([self._single, self._chain, self._fan, self._diamond, self._many])
        workflows = shape()
        placement = Placement()
        if len(self._spec.datacenters) > 1:
            placement = self._placement()
        return Job(
            name=f"job-{index}",
            workflows=workflows,
            placement=placement,
            deadline_seconds=rng.choice([None, None, None, 20.0]),
        )

    def _placement(self) -> Placement:
        rng = self._rng
        draw = rng.random()
        if draw < 0.6:
            return Placement()
        if draw < 0.75:
            return Placement(count=2)
        if draw < 0.85:
            return Placement(count=2, mode="replicate", min_success=1)
        names = tuple(rng.sample(self._spec.datacenters, 1))
        return Placement(datacenters=names, required=rng.random() < 0.5)

    def _script(self) -> Script:
        rng = self._rng
        draw = rng.random()
        return Script(
            seconds=round(rng.choice([0.0, 0.05, 0.5, 2.0, 6.0]) * (0.5 + rng.random()), 3),
            steps=rng.choice([0, 0, 3, 10]),
            reports=rng.choice([0, 0, 5]),
            lines=rng.choice([0, 0, 2]),
            result_bytes=rng.choice([0, 0, 0, 5000]),
            fail_attempts=9 if draw < 0.04 else 0,
            crash_attempts=1 if 0.04 <= draw < 0.12 else 0,
            deaf=rng.random() < 0.1,
        )

    def _work(self, name: str, *after: str) -> Workflow:
        rng = self._rng
        return workflow(
            name,
            self._script(),
            after=after,
            cores=rng.choice([1, 1, 1, 2, self._spec.cores]),
            priority=rng.choice([0, 0, 0, 5]),
            timeout_seconds=rng.choice([None, None, None, 10.0]),
        )

    def _single(self) -> tuple[Workflow, ...]:
        return (self._work("only"),)

    def _chain(self) -> tuple[Workflow, ...]:
        count = self._rng.randint(2, 4)
        return tuple(
            self._work(f"link{index}", *([f"link{index - 1}"] if index else []))
            for index in range(count)
        )

    def _fan(self) -> tuple[Workflow, ...]:
        leaves = [self._work(f"leaf{index}") for index in range(self._rng.randint(2, 6))]
        return (*leaves, self._work("gather", *(leaf.name for leaf in leaves)))

    def _diamond(self) -> tuple[Workflow, ...]:
        return (
            self._work("top"),
            self._work("left", "top"),
            self._work("right", "top"),
            self._work("bottom", "left", "right"),
        )

    def _many(self) -> tuple[Workflow, ...]:
        return tuple(self._work(f"small{index}") for index in range(self._rng.randint(10, 30)))
