"""Dispatch to managers: which is asked, what a refusal or a death leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from distributed.errors import JobFailed
from distributed.jobs.ownership import rank
from distributed.messages.base import Refused
from distributed.messages.dispatch import StartJob
from distributed.types import Address

from .world import GateWorld, ScriptedManager, job


def by_rank(job_id: str, *managers: ScriptedManager) -> list[ScriptedManager]:
    """The managers in the order in which a gate asks them."""
    named = {manager.name: manager for manager in managers}
    return [named[name] for name in rank(job_id, named)]


async def test_a_refusal_moves_on_to_the_next_manager(world: GateWorld) -> None:
    """GM 1.3a, 1.3d-e: a refusal for load is honoured and another manager asked."""
    first, second = await world.manager("m-1"), await world.manager("m-2")
    await world.gate()
    first.refusal = Refused("overloaded", "too much", retry_after_seconds=1.0)
    outcomes = [await (await world.client().submit(job("a"))).result() for _ in range(4)]
    assert all(outcome["a"] == "a!" for outcome in outcomes)
    assert len(second.started) == 4


async def test_a_manager_that_does_not_answer_is_left_for_the_next(world: GateWorld) -> None:
    """GM 1.3c: the timeout of a request is enforced."""
    managers = [await world.manager(f"m-{n}") for n in range(2)]
    await world.gate(request_timeout_seconds=0.2)
    asked: list[str] = []

    def silent(manager: ScriptedManager) -> Callable[[object, StartJob], object]:
        taken = manager._start

        async def answer(context: object, message: StartJob) -> object:
            asked.append(manager.name)
            if len(asked) == 1:
                await asyncio.Event().wait()
            return taken(context, message)

        return answer

    for manager in managers:
        address = manager.address
        manager._start = silent(manager)  # type: ignore[method-assign, assignment]
        await manager.listener.close()
        await manager.start(address)
    gate = world.gates[0]
    await world.until(lambda: len(gate.managers.live("eu")) == 2)
    outcome = await (await world.client().submit(job("a"))).result()
    assert outcome["a"] == "a!"
    assert len(asked) >= 2


async def test_a_refusal_s_hint_is_waited_for_before_asking_again(world: GateWorld) -> None:
    """GM 1.3d, 1.3e: nobody is asked again before it said that it makes sense."""
    manager = await world.manager("m-1")
    gate = await world.gate()
    pauses: list[float] = []
    real = gate.state.clock.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if seconds >= 7.0:
            manager.refusal = None
        await real(min(seconds, 0.01))

    gate.state.clock.sleep = sleep  # type: ignore[method-assign]
    manager.refusal = Refused("overloaded", "too much", retry_after_seconds=7.0)
    outcome = await (await world.client().submit(job("a"))).result()
    assert outcome["a"] == "a!"
    assert max(pauses) >= 7.0


async def test_managers_that_do_not_answer_or_are_stuck_are_asked_last(world: GateWorld) -> None:
    """GM 3.1: three signals decide the order: reachable, ready, making progress."""
    for number in range(4):
        await world.manager(f"m-{number}")
    gate = await world.gate()
    managers, now = gate.managers, gate.state.clock.now()
    silent, stuck, draining, well = managers.order("j-1", "eu")
    for _ in range(3):
        silent.health.failed()
    for at in (now - 100.0, now):
        stuck.health.reported(at, ready=True, held=3, state="the same")
    draining.health.reported(now, ready=False, held=0, state="")
    names = [view.name for view in managers.order("j-1", "eu")]
    assert names == [well.name, silent.name, stuck.name]


async def test_each_manager_asked_in_turn_has_a_higher_epoch(world: GateWorld) -> None:
    """GM 14.2a, 14.2d, invariant 2: of two managers that took a part, one epoch is the highest."""
    managers = [await world.manager(f"m-{n}") for n in range(3)]
    await world.gate()
    asked: list[StartJob] = []
    for manager in managers:
        manager.run = None

        def note(_context: object, message: StartJob, manager: ScriptedManager = manager) -> object:
            asked.append(message)
            if len(asked) < 3:
                return Refused("draining", "stopping")
            return type(manager)._start(manager, _context, message)

        manager._start = note  # type: ignore[method-assign]
        await manager.listener.close()
        await manager.start(manager.address)
    handle = await world.client().submit(job("a"))
    await world.until(lambda: len(asked) == 3)
    assert [message.manager_epoch for message in asked] == [1, 2, 3]
    assert {message.job_id for message in asked} == {handle.id}


async def test_a_dead_manager_gets_a_successor_with_what_is_known(world: GateWorld) -> None:
    """GM 7.2e, 10.4a, 13.3a-c, 14.2b-c, 25.2c, Q1, Q4: a higher epoch and the results so far."""
    one, two = await world.manager("m-1"), await world.manager("m-2")
    await world.gate()

    async def half(manager: ScriptedManager, message: StartJob) -> None:
        if message.manager_epoch == 1:
            await manager.send(message, [manager.result("a")])
        else:
            await manager.send(message, [manager.result("b")])

    for manager in (one, two):
        manager.run = lambda message, manager=manager: half(manager, message)
    handle = await world.client().submit(job("a", "b", after={"b": ["a"]}))
    dead, heir = by_rank(handle.id, one, two)
    await world.until(lambda: bool(dead.started))
    async for update in handle.updates():
        if update.workflow == "a":
            break
    await dead.stop()
    world.managers.remove(dead)
    outcome = await handle.result()
    assert outcome.values() == {"a": "a!", "b": "b!"}
    (started,) = heir.started
    assert started.epoch == 1
    assert started.manager_epoch > dead.started[0].manager_epoch
    assert [(r.workflow, r.value) for r in started.inputs] == [("a", b"\xa2a!")]
    kinds = [event.kind for event in (await handle.history()).events]
    assert "takeover" in kinds


async def test_a_job_too_wide_for_a_datacenter_goes_to_another(world: GateWorld) -> None:
    """MW 55.8, GM 1.3b: all managers refuse, so the next datacenter is tried instead."""
    narrow = await world.manager("m-1", "eu")
    wide = await world.manager("m-2", "us")
    await world.gate()
    narrow.refusal = Refused("too_wide", "no worker is that large")
    asked = job("a", placement={"datacenters": ("eu",)})
    handle = await world.client().submit(asked)
    outcome = await handle.result()
    assert [result.datacenter for result in outcome.workflows] == ["us"]
    assert [dc.datacenter for dc in outcome.datacenters] == ["us"]
    assert len(wide.started) == 1
    assert len((await handle.explain()).decisions) == 2


async def test_a_required_datacenter_is_a_constraint(world: GateWorld) -> None:
    """GM 27.1d: named and required is never left, and the refusal is told."""
    narrow = await world.manager("m-1", "eu")
    wide = await world.manager("m-2", "us")
    await world.gate()
    narrow.refusal = Refused("too_wide", "no worker is that large")
    asked = job("a", placement={"datacenters": ("eu",), "required": True})
    handle = await world.client().submit(asked)
    with pytest.raises(JobFailed, match="no worker is that large"):
        await handle.result()
    assert wide.started == []


async def test_a_job_without_any_datacenter_fails_and_says_so(world: GateWorld) -> None:
    """Earlier job plane 2.4: none accepted, and the client is told."""
    await world.gate(place_patience_seconds=0.2)
    handle = await world.client().submit(job("a"))
    with pytest.raises(JobFailed, match="no datacenter can take the job"):
        await handle.result(timeout=10)


async def test_a_job_waits_for_a_manager_that_starts_later(world: GateWorld) -> None:
    late = await world.manager("m-1")
    await late.stop()
    world.managers.remove(late)
    gate = await world.gate(datacenters={"eu": (late.address,)})
    handle = await world.client().submit(job("a"))
    again = await ScriptedManager("m-1").start(late.address)
    world.managers.append(again)
    outcome = await handle.result()
    assert outcome["a"] == "a!"
    assert gate.managers.live("eu")


async def test_of_too_many_managers_the_one_that_is_gone_for_longest_is_forgotten(
    world: GateWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whose address was given is tried for ever, and one that answers is never forgotten."""
    monkeypatch.setattr("distributed.gate.managers.MOST_ADDRESSES", 3)
    await world.manager()
    gate = await world.gate()
    managers = gate.managers
    (given,) = managers._keepers
    for number in range(1, 6):
        managers._keep_address(Address(f"127.0.0.1:{number}"))
    assert list(managers._keepers) == [given, "127.0.0.1:4", "127.0.0.1:5"]
    for view in managers.everyone():
        view.alive = True
    managers._configured.clear()
    assert [managers._forget_one() for _ in range(3)] == [True, True, False]
    assert list(managers._keepers) == [given]


async def test_a_restarted_manager_is_asked_again_for_its_jobs(world: GateWorld) -> None:
    """GM 2.1d: a restart clears stale state; its jobs get a successor."""
    manager = await world.manager("m-1")
    await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    await manager.stop()
    world.managers.remove(manager)
    again = await ScriptedManager("m-1").start(manager.address)
    world.managers.append(again)
    assert (await handle.result())["a"] == "a!"


async def test_a_manager_that_knows_a_newer_owner_is_believed(world: GateWorld) -> None:
    """GM 41.3b: a stale command is refused; the ledger decides who goes on."""
    manager = await world.manager("m-1")
    await world.gate()
    manager.refusal = Refused("stale_fence", "epoch 1 is stale, 7 is in force")
    handle = await world.client().submit(job("a"), watch=False)
    await world.until(lambda: world.gates[0].state.metrics.total("takeovers") > 0)
    manager.refusal = None
    assert (await handle.result())["a"] == "a!"
    assert manager.started[-1].epoch > 1
