"""Jobs over several datacenters: split, replicated, inputs across, partial success."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from distributed.errors import JobFailed
from distributed.messages.dispatch import StartJob
from distributed.messages.job import Job, Workflow
from distributed.types import JobState

from .world import GateWorld, job

BOTH = {"datacenters": ("eu", "us"), "count": 2}
REPLICATED = BOTH | {"mode": "replicate"}


async def test_a_split_job_runs_each_workflow_once(world: GateWorld) -> None:
    """GM 1.1b, 9.2a, 9.2d, 10.2a: several datacenters, one answer when all are through."""
    eu, us = await world.manager("m-eu", "eu"), await world.manager("m-us", "us")
    await world.gate()
    names = [f"w{n}" for n in range(6)]
    outcome = await (await world.client().submit(job(*names, placement=BOTH))).result()
    assert outcome.values() == {name: f"{name}!" for name in names}
    ran = [set(eu.started[0].workflows), set(us.started[0].workflows)]
    assert ran[0] | ran[1] == set(names)
    assert not ran[0] & ran[1]


async def test_shares_say_how_much_goes_where(world: GateWorld) -> None:
    """MW 36.2a-c, GM 27.2a, 27.2d: proportional; the bigger share gets more."""
    eu, us = await world.manager("m-eu", "eu"), await world.manager("m-us", "us")
    await world.gate()
    names = [f"w{n}" for n in range(8)]
    placement = BOTH | {"shares": {"eu": 3.0, "us": 1.0}}
    await (await world.client().submit(job(*names, placement=placement))).result()
    assert (len(eu.started[0].workflows), len(us.started[0].workflows)) == (6, 2)


async def test_inputs_cross_datacenters(world: GateWorld) -> None:
    """MW 41.11a: A in one datacenter feeds B in another."""
    eu, us = await world.manager("m-eu", "eu"), await world.manager("m-us", "us")
    await world.gate()

    async def wait_for_inputs(message: StartJob) -> None:
        while not us.inputs and not message.inputs:
            await asyncio.sleep(0.005)
        await us.complete(message)

    us.run = wait_for_inputs
    asked = job("a", "b", after={"b": ["a"]}, placement=BOTH)
    pinned = tuple(
        type(w)(name=w.name, run=w.run, after=w.after, datacenter={"a": "eu", "b": "us"}[w.name])
        for w in asked.workflows
    )
    asked = type(asked)(name="x", workflows=pinned, placement=asked.placement)
    outcome = await (await world.client().submit(asked)).result()
    assert outcome.values() == {"a": "a!", "b": "b!"}
    inputs = [r for m in us.inputs for r in m.inputs] + list(us.started[0].inputs)
    assert [(r.workflow, r.value) for r in inputs] == [("a", b"\xa2a!")]
    assert eu.inputs == []


async def test_an_input_is_provided_until_it_is_taken(world: GateWorld) -> None:
    eu, us = await world.manager("m-eu", "eu"), await world.manager("m-us", "us")
    gate = await world.gate()
    us.run = None
    failures = iter([True, True, False])
    taken = us._inputs

    def flaky(context: object, message: object) -> object:
        if next(failures):
            raise RuntimeError("not now")
        return taken(context, message)  # type: ignore[arg-type]

    us._inputs = flaky  # type: ignore[method-assign, assignment]
    await us.listener.close()
    await us.start(us.address)
    await world.until(lambda: bool(gate.managers.live("us")))
    workflows = job("a", "b", after={"b": ["a"]}).workflows
    asked = job("a", placement=BOTH)
    asked = type(asked)(
        name="x",
        placement=asked.placement,
        workflows=tuple(
            type(w)(name=w.name, run=w.run, after=w.after, datacenter=dc)
            for w, dc in zip(workflows, ("eu", "us"), strict=True)
        ),
    )

    async def later(message: StartJob) -> None:
        await world.until(lambda: bool(us.started))
        await eu.complete(message)

    eu.run = later
    handle = await world.client().submit(asked)
    await world.until(lambda: bool(us.inputs))
    await us.complete(us.started[0])
    assert (await handle.result()).state is JobState.COMPLETED


async def test_a_replicated_job_runs_everything_everywhere(world: GateWorld) -> None:
    """GM 9.1a: the answer keeps each datacenter's results apart."""
    await world.manager("m-eu", "eu")
    await world.manager("m-us", "us")
    await world.gate()
    outcome = await (await world.client().submit(job("a", placement=REPLICATED))).result()
    assert outcome.values() == {"a": {"eu": "a!", "us": "a!"}}


async def test_enough_datacenters_make_a_success(world: GateWorld) -> None:
    """GM 41.8d, 10.2b, MW 6.4b: one fails, min_success holds, the answer names the failure."""
    eu = await world.manager("m-eu", "eu")
    await world.manager("m-us", "us")
    await world.gate()

    async def fail(message: StartJob) -> None:
        await eu.send(message, [eu.result("a", state="failed", error="no")])

    eu.run = fail
    client = world.client()
    enough = job("a", placement=REPLICATED | {"min_success": 1})
    outcome = await (await client.submit(enough)).result()
    assert outcome.state is JobState.COMPLETED
    assert "1 of 2 datacenters completed" in outcome.reason
    assert outcome.values() == {"a": "a!"}
    with pytest.raises(JobFailed, match="eu: workflow 'a' failed: no"):
        await (await client.submit(job("a", placement=REPLICATED))).result()


async def draining_us(world: GateWorld, **settings: float) -> None:
    """Two datacenters, one of which takes no new work."""
    await world.manager("m-eu", "eu")
    us = await world.manager("m-us", "us")
    told = us.status
    us.status = lambda: msgspec.structs.replace(told(), draining=True)  # type: ignore[method-assign]
    await world.gate(**settings)


async def test_a_datacenter_that_cannot_be_had_is_named_in_the_answer(world: GateWorld) -> None:
    """Invariant 4: two were asked for, one is enough, one there is."""
    await draining_us(world)
    enough = job("a", placement={"count": 2, "mode": "replicate", "min_success": 1})
    outcome = await (await world.client().submit(enough)).result()
    assert outcome.state is JobState.COMPLETED
    assert list(outcome.missing) == ["datacenter 2 of 2"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (job("a", placement={"count": 2, "mode": "replicate"}), "1 of 2 needed datacenters"),
        (
            msgspec.structs.replace(
                job("a"), workflows=(Workflow(name="a", run="pkg.mod:f", datacenter="us"),)
            ),
            "workflow 'a' is bound to us",
        ),
    ],
)
async def test_a_job_that_can_not_succeed_is_not_started(
    world: GateWorld, asked: Job, told: str
) -> None:
    """A split over what is left, or fewer replicas than must complete, is not what was asked."""
    await draining_us(world, place_patience_seconds=0.2)
    outcome = await (await world.client().submit(asked)).result(check=False)
    assert outcome.state is JobState.FAILED
    assert told in outcome.reason
    assert "us: draining" in outcome.reason
    assert not any(manager.started for manager in world.managers)


async def test_a_deadline_ends_a_job_with_what_exists(world: GateWorld) -> None:
    """GM 9.2c, 11.1b, 11.2b, 22.2d, 41.8e, Q10: silence, partial results, the reason."""
    await world.manager("m-eu", "eu")
    us = await world.manager("m-us", "us")
    await world.gate(cancel_grace_seconds=0.1)
    us.run = None
    handle = await world.client().submit(job("a", placement=REPLICATED, deadline_seconds=0.5))
    outcome = await handle.result(check=False)
    assert outcome.state is JobState.TIMED_OUT
    assert outcome.values() == {"a": "a!"}
    assert list(outcome.missing) == ["a@us"]
    await world.until(lambda: bool(us.cancelled) and bool(us.dropped))
