"""A job's life through one gate: accepted, routed, run, recorded, told, forgotten."""

from __future__ import annotations

import pytest

from distributed.errors import JobFailed, JobGone, JobRejected, WorkflowFailed
from distributed.messages.dispatch import StartJob
from distributed.messages.results import ResultsRecorded
from distributed.types import JobState

from .world import GateWorld, job


async def test_a_result_comes_back_to_the_client(world: GateWorld) -> None:
    """MW 7.4a-b, GM 1.1a, 9.3a, 10.1a, 10.1d."""
    await world.manager()
    gate = await world.gate()
    handle = await world.client().submit(job("a", "b"))
    outcome = await handle.result()
    assert outcome.values() == {"a": "a!", "b": "b!"}
    assert gate.state.records == {}


async def test_updates_tell_every_durable_step_once_and_in_order(world: GateWorld) -> None:
    await world.manager()
    await world.gate()
    handle = await world.client().submit(job("a"))
    seen = [update async for update in handle.updates() if update.kind != "progress"]
    assert [u.sequence for u in seen] == list(range(1, len(seen) + 1))
    states = [u.state for u in seen if u.kind == "state"]
    assert states == ["submitted", "routed", "dispatched", "running", "completed"]


async def test_the_story_can_be_read_after_the_end(world: GateWorld) -> None:
    """GM 22.1d and the durable history: same steps, read from the ledger."""
    await world.manager()
    await world.gate()
    client = world.client()
    handle = await client.submit(job("a"))
    live = [update async for update in handle.updates() if update.kind != "progress"]
    later = [u async for u in world.client().job(handle.id).updates()]
    assert [(u.sequence, u.kind, u.state) for u in later] == [
        (u.sequence, u.kind, u.state) for u in live
    ]
    events = (await handle.history()).events
    assert [event.sequence for event in events] == [u.sequence for u in live]


async def test_a_result_is_collected_later_by_id(world: GateWorld) -> None:
    await world.manager()
    await world.gate()
    handle = await world.client().submit(job("a"), watch=False)
    outcome = await world.client().job(handle.id).result()
    assert outcome["a"] == "a!"


async def test_a_workflow_that_raises_fails_the_job_with_its_traceback(world: GateWorld) -> None:
    manager = await world.manager()
    await world.gate()

    async def fail(message: StartJob) -> None:
        failed = manager.result("a", state="failed", error="ValueError: no", traceback="Tracebk")
        await manager.send(message, [failed])

    manager.run = fail
    handle = await world.client().submit(job("a"))
    with pytest.raises(JobFailed) as caught:
        await handle.result()
    cause = caught.value.__cause__
    assert isinstance(cause, WorkflowFailed)
    assert (cause.workflow, cause.traceback) == ("a", "Tracebk")
    assert caught.value.state == "failed"


async def test_what_could_not_start_is_named_with_the_reason(world: GateWorld) -> None:
    """Invariant 4: what was asked for equals what ran, or the job says what is missing."""
    manager = await world.manager()
    await world.gate()

    async def fail(message: StartJob) -> None:
        await manager.send(message, [manager.result("a", state="failed", error="no")])
        await manager.finish(message, "failed")

    manager.run = fail
    handle = await world.client().submit(job("a", "b", "c", after={"b": ["a"], "c": ["b"]}))
    outcome = await handle.result(check=False)
    assert outcome.state is JobState.FAILED
    assert outcome.missing == {
        "b": "waits for 'a', which failed",
        "c": "waits for 'b', which did not run",
    }


async def test_a_repeated_result_is_acknowledged_and_changes_nothing(world: GateWorld) -> None:
    """GM 7.2b, 9.4a, 10.4b, 22.2c: duplicates are counted once."""
    manager = await world.manager()
    gate = await world.gate()
    replies = []

    async def repeat(message: StartJob) -> None:
        first = manager.result("a")
        again = manager.result("a", value=b"\x07")
        replies.append(await manager.send(message, [first]))
        replies.append(await manager.send(message, [again, manager.result("b")]))

    manager.run = repeat
    outcome = await (await world.client().submit(job("a", "b"))).result()
    assert outcome.values() == {"a": "a!", "b": "b!"}
    await world.until(lambda: len(replies) == 2)
    assert all(isinstance(reply, ResultsRecorded) for reply in replies)
    assert gate.state.records == {}


async def test_a_result_for_a_job_that_is_gone_allocates_nothing(world: GateWorld) -> None:
    """GM 7.2c-d, 10.4c, 28.3d, Q6: late and unknown are answered, not kept."""
    manager = await world.manager()
    gate = await world.gate()
    handle = await world.client().submit(job("a"))
    await handle.result()
    reply = await manager.send(manager.started[0], [manager.result("a")])
    assert type(reply).__name__ == "Gone"
    assert gate.state.records == {}


async def test_nonsense_in_a_batch_is_refused_alone(world: GateWorld) -> None:
    """MW 41.28e."""
    manager = await world.manager()
    await world.gate()

    async def mixed(message: StartJob) -> None:
        await manager.send(
            message,
            [manager.result("zz"), manager.result("a", state="dancing"), manager.result("a")],
        )

    manager.run = mixed
    outcome = await (await world.client().submit(job("a"))).result()
    assert outcome.values() == {"a": "a!"}


async def test_a_job_nobody_knows_is_gone(world: GateWorld) -> None:
    await world.gate()
    with pytest.raises(JobGone):
        await world.client().job("j-nothing").result(timeout=5)


async def test_a_manager_is_told_that_a_job_is_over(world: GateWorld) -> None:
    manager = await world.manager()
    await world.gate()
    handle = await world.client().submit(job("a"))
    await handle.result()
    await world.until(lambda: bool(manager.dropped))
    assert manager.dropped[0].job_id == handle.id


async def test_a_job_is_shown_listed_and_explained(world: GateWorld) -> None:
    manager = await world.manager()
    await world.gate()
    manager.run = None
    client = world.client()
    handle = await client.submit(job("a", "b", after={"b": ["a"]}, meta={"team": "x"}))
    await world.until(lambda: bool(manager.started))
    view = await client.job(handle.id[:10]).show()
    assert (view.job_id, view.meta) == (handle.id, {"team": "x"})
    assert [w.name for w in view.workflows] == ["a", "b"]
    assert [j.job_id for j in await client.jobs(states=("submitted", "routed", "dispatched"))] == [
        handle.id
    ]
    await manager.complete(manager.started[0])
    await handle.result()
    (decision,) = (await handle.explain()).decisions
    assert decision["primaries"] == ["eu"]
    ended = await client.job(handle.id).show()
    assert {w.state for w in ended.workflows} == {"completed"}
    plan = await client.plan(job("a"))
    assert plan.decisions[0]["primaries"] == ["eu"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"placement": {"datacenters": ("mars",)}}, "placement.datacenters[0]"),
        ({"reports": ("json:out",)}, "reports[0]"),
        ({"after": {"a": ["a"]}}, "workflows[0].after"),
    ],
)
async def test_a_refused_job_stores_nothing(world: GateWorld, fields: dict, field: str) -> None:  # type: ignore[type-arg]
    await world.manager()
    gate = await world.gate()
    client = world.client()
    with pytest.raises(JobRejected) as caught:
        await client.submit(job("a", **fields))
    assert caught.value.field == field
    assert await client.jobs() == ()
    assert gate.state.records == {}
