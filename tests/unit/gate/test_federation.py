"""A gate's live knowledge: probes, round trips, overheads and reservations of real dispatches."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from distributed.gate.federation import UNHEARD, UNHEARD_BYTES, Federation, reached_by
from distributed.health.federated import ProbeRules, Reach
from distributed.health.slo import SloLevel, SloTargets
from distributed.membership.member import Member
from distributed.messages.dispatch import StartJob
from distributed.routing.knowledge import RoutingKnowledge
from distributed.routing.request import RouteRequest
from distributed.stats.sketch import LatencySketch

from .world import GateWorld, job


async def test_probes_measure_the_round_trip(world: GateWorld) -> None:
    """GM 3.5a, 3.5b, 3.5f: a manager that refuses a probe has answered it."""
    await world.manager("m-1")
    gate = await world.gate()
    known = gate.managers.knowledge.datacenter("eu")
    await world.until(lambda: known.probe.rtt_seconds is not None)
    assert known.probe.reach is Reach.REACHABLE
    view = gate.managers.knowledge.plan(RouteRequest(), gate.state.clock.now()).explain()
    assert view.candidates[0].predicted_seconds is not None


async def test_a_job_teaches_what_its_route_cost_and_leaves_no_reservation(
    world: GateWorld,
) -> None:
    """GM 19.2a, 1.2c, 1.2d, 10.1b, 10.1c, invariant 8."""
    await world.manager("m-1")
    gate = await world.gate()
    handle = await world.client().submit(job("a"))
    await handle.result()
    knowledge = gate.managers.knowledge
    await world.until(lambda: knowledge.observed.of("eu") is not None)
    await world.until(lambda: not gate.state.records)
    assert len(knowledge.router.reservations) == 0


async def test_latencies_that_workflows_report_are_held_against_the_service_levels(
    world: GateWorld,
) -> None:
    """GM 10.4d, 41.14a, 41.14e: from the results of a job to the score of its datacenter."""
    manager = await world.manager("m-1")
    levels = SloTargets(enabled=True, full_samples=10)
    gate = await world.gate(service_levels=levels)
    latencies = LatencySketch()
    latencies.add_many([2.0] * 50)

    async def slow(message: StartJob) -> None:
        await manager.send(
            message,
            [
                manager.result("a", sketch=latencies.to_bytes()),
                manager.result("b", sketch=b"no sketch"),
            ],
        )

    manager.run = slow
    await (await world.client().submit(job("a", "b"))).result()
    now = gate.state.clock.now()
    slo = gate.managers.knowledge.datacenter("eu").slo
    assert slo is not None
    assert slo.view(now).level is SloLevel.CRITICAL
    facts = next(c.facts for c in gate.managers.knowledge.candidates(now + 1.0))
    assert facts.slo_factor > 1.0
    assert world.parts["g-1"].metrics.total("sketches_refused") == 1


async def test_a_cancelled_job_leaves_no_reservation(world: GateWorld) -> None:
    manager = await world.manager("m-1")
    manager.run = None
    gate = await world.gate()
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    assert len(gate.managers.knowledge.router.reservations) == 1
    await handle.cancel()
    await world.until(lambda: not gate.state.records)
    assert len(gate.managers.knowledge.router.reservations) == 0


def other_gate(name: str, unheard: str | None = None) -> Member:
    meta = {"role": "gate"} if unheard is None else {"role": "gate", UNHEARD: unheard}
    return Member(name=name, address="", instance=1, meta=meta)


@pytest.mark.parametrize(
    ("told", "reached"),
    [
        ((), {"eu": 0, "us": 0}),
        ((None, None), {"eu": 2, "us": 2}),
        (("eu", None), {"eu": 1, "us": 2}),
        (("eu,us", "us"), {"eu": 1, "us": 0}),
        (("*", None), {"eu": 1, "us": 1}),
    ],
)
def test_gates_vouch_for_every_datacenter_that_they_do_not_miss(
    told: tuple[str | None, ...], reached: dict[str, int]
) -> None:
    """GM 26.2c: disagreement is resolved by who still reaches it."""
    gates = [other_gate(f"g-{number}", unheard) for number, unheard in enumerate(told)]
    assert reached_by(gates, ("eu", "us")) == reached


class ToldMembership:
    """Keeps what a gate tells the others."""

    name = "g-1"

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []

    def update_meta(self, changes: dict[str, object]) -> None:
        self.told.append(changes)


def test_what_a_gate_misses_is_told_once_and_bounded() -> None:
    membership, knowledge = ToldMembership(), RoutingKnowledge()
    federation = Federation(
        SimpleNamespace(membership=membership),  # type: ignore[arg-type]
        SimpleNamespace(knowledge=knowledge),  # type: ignore[arg-type]
    )
    for now, missed in ((0.0, 0), (10.0, 2), (10.1, 2), (10.2, 3), (20.0, 100), (30.0, 0)):
        for number in range(100):
            reach = Reach.UNREACHABLE if number < missed else Reach.REACHABLE
            knowledge.datacenter(f"dc-{number:02}").probe.reach = reach
        federation._tell_gates(now)
    assert membership.told == [{UNHEARD: "dc-00,dc-01"}, {UNHEARD: "*"}, {UNHEARD: None}]
    assert UNHEARD_BYTES < 512


class Naps:
    """A clock on which time passes in sleep alone; the fourth sleep is the last."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def now(self) -> float:
        return sum(self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == 4:
            raise asyncio.CancelledError


async def test_a_datacenter_that_nobody_manages_yet_makes_the_gate_look_no_more_often() -> None:
    knowledge, clock, rules = RoutingKnowledge(), Naps(), ProbeRules()
    knowledge.datacenter("void")
    federation = Federation(
        SimpleNamespace(  # type: ignore[arg-type]
            clock=clock, membership=None, settings=SimpleNamespace(probes=rules)
        ),
        SimpleNamespace(knowledge=knowledge, everyone=lambda: ()),  # type: ignore[arg-type]
    )
    with pytest.raises(asyncio.CancelledError):
        await federation.serve()
    assert clock.seconds == [rules.tick_seconds] * 4
