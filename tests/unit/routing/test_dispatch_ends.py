"""However a dispatch ends, in whatever order things happen, its cores are given back."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from distributed.health.circuit import Circuit
from distributed.messages.health import ManagerStatus
from distributed.routing.knowledge import Dispatch, RoutingKnowledge
from distributed.routing.request import RouteRequest

CORES = 32


class Gate(RuleBasedStateMachine):
    """One gate and a datacenter of 32 cores: dispatches, answers, ends, reports, silence."""

    def __init__(self) -> None:
        super().__init__()
        self.knowledge = RoutingKnowledge()
        self.open: list[Dispatch] = []
        self.running: list[Dispatch] = []
        self.now = 0.0
        self.sequence = 0
        self.knowledge.members("a", live=1, known=1)
        self.report()

    @rule(cores=st.integers(1, 12))
    def send(self, cores: int) -> None:
        decision = self.knowledge.decide(RouteRequest(cores=cores), self.now)
        if decision.placed:
            self.open.append(self.knowledge.dispatch(decision, "a", cores, self.now))

    @rule(pick=st.integers(0, 99))
    def acknowledge(self, pick: int) -> None:
        if self.open:
            dispatch = self.open.pop(pick % len(self.open))
            dispatch.accepted(self.now)
            dispatch.accepted(self.now)
            self.running.append(dispatch)

    @rule(pick=st.integers(0, 99), refused=st.booleans())
    def fail(self, pick: int, refused: bool) -> None:
        """A refusal, a timeout, or the datacenter loses what it took."""
        held = self.open if refused else self.running
        if held:
            held.pop(pick % len(held)).failed(self.now, refused=refused)

    @rule(pick=st.integers(0, 99))
    def finish(self, pick: int) -> None:
        if self.running:
            self.running.pop(pick % len(self.running)).finished(self.now, 0.5)

    @rule(pick=st.integers(0, 99), early=st.booleans())
    def end_job(self, pick: int, early: bool) -> None:
        """Cancelled or timed out, before or after the acknowledgement; told twice."""
        held = self.open if early else self.running
        if held:
            dispatch = held.pop(pick % len(held))
            dispatch.abandoned()
            dispatch.abandoned()

    @rule()
    def report(self) -> None:
        self.sequence += 1
        self.now += 0.1
        busy = sum(d.reservation.cores for d in self.running)
        free = max(0, CORES - busy)
        self.knowledge.status(
            ManagerStatus("m", "a", "", self.sequence, 1, 1, CORES, free, 0, 0), self.now
        )

    @rule(seconds=st.floats(0.1, 40.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.knowledge.router.reservations.expire(self.now)

    @invariant()
    def what_is_held_belongs_to_a_dispatch_that_has_not_ended(self) -> None:
        """Invariant 9."""
        held = len(self.knowledge.router.reservations)
        assert held == sum(d.reservation.open for d in self.open + self.running)
        assert held <= len(self.open) + len(self.running)

    @invariant()
    def no_more_is_promised_than_was_free(self) -> None:
        promised, _ = self.knowledge.router.reservations.on_the_way("a")
        assert promised <= CORES

    def teardown(self) -> None:
        """When every job has ended, nothing is held once a report has come."""
        for dispatch in self.open + self.running:
            dispatch.abandoned()
        self.open, self.running = [], []
        self.report()
        assert len(self.knowledge.router.reservations) == 0
        assert self.knowledge.router.reservations.snapshot() == {}


Gate.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestGate = Gate.TestCase


@pytest.mark.parametrize("end", ["accepted", "abandoned"])
def test_a_half_open_circuit_s_probe_is_given_back_by_a_job_that_ends_without_an_answer(
    end: str,
) -> None:
    """GM 3.3c: the next job is the probe, not one after another pause."""
    knowledge = RoutingKnowledge()
    breaker = knowledge.datacenter("a").breaker
    for _ in range(3):
        breaker.failed(0.0)
    decision = knowledge.decide(RouteRequest(), 6.0)
    assert breaker.usable(6.0) is Circuit.HALF_OPEN
    dispatch = knowledge.dispatch(decision, "a", 1, 6.0)
    assert breaker.usable(6.0) is Circuit.OPEN
    if end == "accepted":
        dispatch.accepted(6.1)
        assert breaker.usable(6.1) is Circuit.CLOSED
    else:
        dispatch.abandoned()
        assert breaker.usable(6.1) is Circuit.HALF_OPEN
