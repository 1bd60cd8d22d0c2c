"""A gate's live knowledge: probes, round trips, overheads and reservations of real dispatches."""

from __future__ import annotations

from distributed.health.federated import Reach
from distributed.routing.request import RouteRequest

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
    """GM 1.2c, 1.2d, 10.1b, 10.1c, invariant 8."""
    await world.manager("m-1")
    gate = await world.gate()
    handle = await world.client().submit(job("a"))
    await handle.result()
    knowledge = gate.managers.knowledge
    await world.until(lambda: knowledge.observed.of("eu") is not None)
    await world.until(lambda: not gate.state.records)
    assert len(knowledge.router.reservations) == 0


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
