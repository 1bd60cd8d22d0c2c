"""Cancellation: durable first, confirmed by workers, one outcome whatever it races with."""

from __future__ import annotations

import asyncio

import pytest

from distributed.errors import JobFailed
from distributed.messages.cancel import CancelInDatacenter, CancelOutcome
from distributed.messages.dispatch import StartJob
from distributed.types import JobState

from .world import GateWorld, ScriptedManager, job


async def test_a_running_job_is_cancelled_with_an_answer_for_each_workflow(
    world: GateWorld,
) -> None:
    """GM 18.1a-d, 18.3a, 18.3c."""
    manager = await world.manager()
    await world.gate()

    async def first(message: StartJob) -> None:
        await manager.send(message, [manager.result("a")])

    manager.run = first
    manager.on_cancel = lambda m: CancelOutcome(m.job_id, (("b", "cancelled"),))
    handle = await world.client().submit(job("a", "b"))
    async for update in handle.updates():
        if update.workflow == "a":
            break
    assert await handle.cancel(reason="enough") == {"a": "finished", "b": "cancelled"}
    outcome = await handle.result(check=False)
    assert (outcome.state, outcome.reason) == (JobState.CANCELLED, "enough")
    assert outcome.values() == {"a": "a!"}
    assert list(outcome.missing) == ["b"]


async def test_a_cancellation_is_in_the_ledger_before_it_is_sent(world: GateWorld) -> None:
    """GM 41.10a: a cancellation survives a crash of the gate."""
    manager = await world.manager()
    gate = await world.gate()
    manager.run = None
    stored: list[str | None] = []
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))

    def look(message: CancelInDatacenter) -> CancelOutcome:
        async def read() -> None:
            found = await gate.state.ledger.head(message.job_id)
            stored.append(found.cancel_reason if found else None)

        manager.parts.supervisor.spawn("look", read)
        return CancelOutcome(message.job_id, (("a", "cancelled"),))

    manager.on_cancel = look
    await handle.cancel(reason="because")
    await world.until(lambda: bool(stored))
    assert stored == ["because"]


async def test_a_cancellation_ordered_first_beats_completion(world: GateWorld) -> None:
    """GM 9.4c, 28.1c, 41.25a, invariant 5: the results come during the cancel, in vain."""
    manager = await world.manager()
    await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    sent = asyncio.Event()

    async def racing(message: CancelInDatacenter) -> None:
        await manager.complete(manager.started[0])
        sent.set()

    original = manager._cancel

    async def cancel(context: object, message: CancelInDatacenter) -> CancelOutcome:
        await racing(message)
        return original(context, message)

    manager._cancel = cancel  # type: ignore[method-assign, assignment]
    await manager.listener.close()
    await manager.start(manager.address)
    outcomes = await handle.cancel()
    assert sent.is_set()
    assert outcomes == {"a": "finished"}
    outcome = await handle.result(check=False)
    assert outcome.state is JobState.CANCELLED
    assert outcome.values() == {"a": "a!"}


async def test_cancelling_twice_is_one_cancellation(world: GateWorld) -> None:
    manager = await world.manager()
    await world.gate()
    manager.run = None
    manager.on_cancel = lambda m: CancelOutcome(m.job_id, (("a", "cancelled"),))
    client = world.client()
    handle = await client.submit(job("a"))
    await world.until(lambda: bool(manager.started))
    both = await asyncio.gather(handle.cancel(), client.job(handle.id).cancel())
    assert both == [{"a": "cancelled"}, {"a": "cancelled"}]
    assert (await handle.result(check=False)).state is JobState.CANCELLED
    assert await handle.cancel() == {"a": "cancelled"}


async def test_a_job_that_is_not_out_yet_is_cancelled_at_once(world: GateWorld) -> None:
    gate = await world.gate()
    handle = await world.client().submit(job("a", "b"))
    assert await handle.cancel() == {"a": "cancelled", "b": "cancelled"}
    assert (await handle.result(check=False)).state is JobState.CANCELLED
    assert gate.state.records == {}


async def test_a_datacenter_that_does_not_answer_is_named(world: GateWorld) -> None:
    """GM 18.3b, MW 14.4, invariant 5: unreachable is said, never cancelled."""
    manager = await world.manager()
    await world.gate(
        cancel_patience_seconds=0.3, cancel_grace_seconds=0.05, request_timeout_seconds=0.1
    )
    manager.run = None
    handle = await world.client().submit(job("a"))
    await world.until(lambda: bool(manager.started))
    await manager.stop()
    world.managers.remove(manager)
    assert await handle.cancel() == {"a": "unreachable"}
    outcome = await handle.result(check=False)
    assert outcome.missing == {"a": "its worker did not confirm the cancellation"}


async def test_one_workflow_is_cancelled_with_what_depends_on_it(world: GateWorld) -> None:
    """GM 18.2a-c."""
    manager = await world.manager()
    await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a", "b", "c", after={"c": ["b"]}))
    await world.until(lambda: bool(manager.started))
    answer = await handle.cancel("b")
    assert answer == {"b": "cancelled", "c": "cancelled"}
    assert manager.cancelled[0].workflows == ("b", "c")
    cancelled = [manager.result(n, state="cancelled", error="asked for") for n in ("b", "c")]
    await manager.send(manager.started[0], [manager.result("a"), *cancelled])
    with pytest.raises(JobFailed, match="'b' cancelled"):
        await handle.result()


async def test_a_workflow_nobody_knows_is_refused(world: GateWorld) -> None:
    manager = await world.manager()
    await world.gate()
    manager.run = None
    handle = await world.client().submit(job("a"))
    with pytest.raises(Exception, match="no workflow 'zz'"):
        await handle.cancel("zz")


async def test_of_an_ended_job_only_what_was_asked_for_is_told(world: GateWorld) -> None:
    await world.manager()
    await world.gate()
    handle = await world.client().submit(job("a", "b", "c", after={"b": ["a"]}))
    await handle.result()
    assert await handle.cancel("a") == {"a": "finished", "b": "finished"}
    assert set(await handle.cancel()) == {"a", "b", "c"}
    with pytest.raises(Exception, match="no workflow 'zz'"):
        await handle.cancel("zz")


async def test_a_workflow_cancelled_before_its_part_is_out_never_runs(world: GateWorld) -> None:
    """GM 28.1c: cancelled while no datacenter could take the job; the rest runs."""
    late = await world.manager()
    await late.stop()
    world.managers.remove(late)
    await world.gate(datacenters={"eu": (late.address,)})
    handle = await world.client().submit(job("a", "b"))
    assert await handle.cancel("b") == {"b": "cancelled"}
    again = ScriptedManager("m-1")

    async def only_a(message: StartJob) -> None:
        assert [(r.workflow, r.state) for r in message.inputs] == [("b", "cancelled")]
        await again.send(message, [again.result("a")])

    again.run = only_a
    world.managers.append(await again.start(late.address))
    outcome = await handle.result(check=False)
    assert {r.workflow: r.state for r in outcome.workflows} == {"a": "completed", "b": "cancelled"}
