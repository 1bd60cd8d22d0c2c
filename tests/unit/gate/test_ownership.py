"""One owner for each job: forwarding, takeover, hand-over, stepping down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from distributed.errors import ConnectError, LedgerUnavailable, PeerRefused
from distributed.jobs.ownership import rank
from distributed.ledger.interface import JobWrite, Placed
from distributed.ledger.work import T
from distributed.messages.base import Refused
from distributed.messages.cancel import CancelInDatacenter, CancelOutcome
from distributed.messages.dispatch import JobReport, QueryJob, StartJob
from distributed.messages.submission import SubmitJob
from distributed.transport.interface import Identity
from distributed.transport.pool import ConnectionPool
from distributed.types import JobState, Role

from .world import GateWorld, Parts, ScriptedManager, job

QUICK: dict[str, Any] = {"lease_seconds": 0.4, "renew_seconds": 0.1, "orphan_scan_seconds": 0.05}


async def test_any_gate_accepts_and_the_owner_gets_it(world: GateWorld) -> None:
    """GM 1.4a, 1.4d, 13.1a: passed on to the rendezvous owner, without loops."""
    await world.manager()
    gates = [await world.gate(f"g-{n}") for n in range(3)]
    for _ in range(6):
        handle = await world.client(gates[0]).submit(job("a"))
        view = await handle.show()
        assert view.owner == rank(handle.id, [gate.name for gate in gates])[0]
        assert (await handle.result())["a"] == "a!"


async def test_a_silent_owner_is_passed_over(world: GateWorld) -> None:
    """GM 1.4b-c: forwards time out and the next gate, here oneself, takes the job."""
    await world.manager()
    world.peers["g-dead"] = "127.0.0.1:9"
    gate = await world.gate("g-1")
    for _ in range(4):
        handle = await world.client(gate).submit(job("a"))
        assert (await handle.result())["a"] == "a!"
        assert (await handle.show()).owner == "g-1"


async def test_gates_that_disagree_about_the_owner_do_not_loop(world: GateWorld) -> None:
    """GM 1.4d: each thinks that the other owns everything; hops bound it, one job results."""
    manager = await world.manager()
    one, two = await world.gate("g-1"), await world.gate("g-2")
    one.state.proposed_owner = lambda _job, without=frozenset(): "g-2"  # type: ignore[method-assign, misc]
    two.state.proposed_owner = lambda _job, without=frozenset(): "g-1"  # type: ignore[method-assign, misc]
    handle = await world.client(one).submit(job("a"))
    assert (await handle.result())["a"] == "a!"
    assert len(manager.started) == 1


async def test_a_dead_gates_jobs_are_taken_over(world: GateWorld) -> None:
    """GM 13.1b-c, 13.2a-c, 13.4a-c, 16.1a-c, 30.1b: epoch + 1, the datacenter asked, it goes on."""
    manager = await world.manager()
    one = await world.gate("g-1", **QUICK)
    manager.run = None
    handle = await world.client(one).submit(job("a", "b"), watch=False)
    await world.until(lambda: bool(manager.started))
    await manager.send(manager.started[0], [manager.result("a")])
    manager.report = lambda m: JobReport(
        m.job_id, "eu", True, running=(("b", 1),), results=(manager.result("a"),)
    )
    await world.kill(one)
    two = await world.gate("g-2", **QUICK)
    await world.until(lambda: handle.id in two.state.records and bool(manager.queried))
    query: QueryJob = manager.queried[0]
    assert (query.epoch, query.gate_address) == (2, two.address)
    await manager.send(manager.started[0], [manager.result("b")], gate=two.address)
    outcome = await world.client(two).job(handle.id).result()
    assert outcome.values() == {"a": "a!", "b": "b!"}
    assert len(manager.started) == 1


async def test_results_recorded_before_a_takeover_are_not_run_again(world: GateWorld) -> None:
    """MW 57.4, 59.3, 41.28d, 52.1, GM 41.28c: what is durable is input for the manager that starts
    anew.
    """
    manager = await world.manager()
    one = await world.gate("g-1", **QUICK)

    async def first(message: StartJob) -> None:
        await manager.send(message, [manager.result("a")])

    manager.run = first
    handle = await world.client(one).submit(job("a", "b", after={"b": ["a"]}))
    async for update in handle.updates():
        if update.workflow == "a":
            break
    await world.kill(one)
    manager.run = lambda message: manager.send(message, [manager.result("b")])
    two = await world.gate("g-2", **QUICK)
    outcome = await world.client(two).job(handle.id).result()
    assert outcome.values() == {"a": "a!", "b": "b!"}
    assert [(r.workflow, r.value) for r in manager.started[-1].inputs] == [("a", b"\xa2a!")]
    assert manager.started[-1].epoch == 2


async def test_the_client_follows_a_job_to_its_new_owner(world: GateWorld) -> None:
    """Updates go on from where they were, each durable step once; the caller sees no seam."""
    manager = await world.manager()
    one = await world.gate("g-1", **QUICK)
    two = await world.gate("g-2", **QUICK)
    manager.run = None
    client = world.client(one, two)
    handle = await client.submit(job("a", "b"))
    owner, heir = (one, two) if handle.id in one.state.records else (two, one)
    seen = []

    async def follow() -> None:
        async for update in handle.updates():
            seen.extend([update] if update.kind != "progress" else [])

    following = asyncio.create_task(follow())
    await world.until(lambda: bool(manager.started))
    await manager.send(manager.started[0], [manager.result("a")])
    manager.report = lambda m: JobReport(m.job_id, "eu", True, running=(("b", 1),))
    await world.kill(owner)
    await world.until(lambda: handle.id in heir.state.records and bool(manager.queried))
    await manager.send(manager.started[0], [manager.result("b")], gate=heir.address)
    await following
    assert (await handle.result()).values() == {"a": "a!", "b": "b!"}
    assert [u.sequence for u in seen] == list(range(1, len(seen) + 1))
    assert "takeover" in {u.kind for u in seen}


async def test_a_graceful_stop_hands_jobs_over_at_once(world: GateWorld) -> None:
    """GM 40.1a-d, 41.3c: leases are released; nobody waits for them to run out."""
    manager = await world.manager()
    slow = QUICK | {"lease_seconds": 60.0}
    one = await world.gate("g-1", **slow)
    manager.run = None
    handle = await world.client(one).submit(job("a"), watch=False)
    await world.until(lambda: bool(manager.started))
    await world.recorded(one, handle.id)
    manager.report = lambda m: JobReport(m.job_id, "eu", True, running=(("a", 1),))
    two = await world.gate("g-2", **slow)
    await one.stop()
    await world.until(lambda: handle.id in two.state.records)
    await world.until(lambda: bool(manager.queried))
    await manager.send(manager.started[0], [manager.result("a")], gate=two.address)
    assert (await world.client(two).job(handle.id).result())["a"] == "a!"


async def test_a_restarted_gate_goes_on_with_its_own_jobs(world: GateWorld) -> None:
    """GM 16.2a, 16.2b: it reads what is its own before it serves."""
    manager = await world.manager()
    one = await world.gate("g-1", lease_seconds=60.0)
    manager.run = None
    handle = await world.client(one).submit(job("a"), watch=False)
    await world.until(lambda: bool(manager.started))
    await world.kill(one)
    manager.run = manager.complete
    again = await world.gate("g-1")
    outcome = await world.client(again).job(handle.id).result()
    assert outcome.state is JobState.COMPLETED
    assert manager.started[-1].epoch == 2


class Switch:
    """Cuts one gate off from the shared ledger."""

    def __init__(self, gate: Any) -> None:
        engine = gate.state.ledger._engine
        self.down = False
        for name in ("write", "read"):
            setattr(engine, name, self._guarded(getattr(engine, name)))

    def _guarded(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        async def run(work: Callable[[Connection], T]) -> Any:
            if self.down:
                raise LedgerUnavailable("cut off")
            return await inner(work)

        return run


async def test_a_gate_without_the_ledger_steps_down_and_keeps_results(world: GateWorld) -> None:
    """MW 30.2c, 41.21e, GM 15.1b, 15.2a-c, 20.1c, 33.1a: no new jobs, running ones go on, results
    are kept.
    """
    manager = await world.manager()
    gate = await world.gate("g-1", **QUICK)
    manager.run = None
    handle = await world.client(gate).submit(job("a"))
    await world.until(lambda: bool(manager.started))
    switch = Switch(gate)
    switch.down = True
    await world.until(lambda: not gate.state.holding)
    with pytest.raises(Exception, match="ledger"):
        await world.client(gate, patience_seconds=0.2).submit(job("b"))
    sending = asyncio.create_task(manager.send(manager.started[0], [manager.result("a")]))
    await asyncio.sleep(0.1)
    assert not sending.done()
    switch.down = False
    assert (await handle.result())["a"] == "a!"
    await sending
    await world.until(lambda: gate.state.holding)


async def test_a_gate_that_comes_back_late_lets_go_of_what_others_took(world: GateWorld) -> None:
    """MW 33.1b, 59.1, GM 9.1c, 9.3c, 13.1d, 15.3b, 25.1c, 33.1c-d, 41.3d: the higher epoch finishes
    it, once.
    """
    manager = await world.manager()
    one = await world.gate("g-1", **QUICK)
    manager.run = None
    handle = await world.client(one).submit(job("a"), watch=False)
    await world.until(lambda: bool(manager.started))
    await world.recorded(one, handle.id)
    switch = Switch(one)
    switch.down = True
    manager.report = lambda m: JobReport(m.job_id, "eu", True, running=(("a", 1),))
    two = await world.gate("g-2", **QUICK)
    await world.until(lambda: handle.id in two.state.records)
    switch.down = False
    await world.until(lambda: handle.id not in one.state.records)
    await world.until(lambda: bool(manager.queried))
    reply = await manager.send(manager.started[0], [manager.result("a")], gate=one.address)
    assert (reply.name, reply.address) == ("g-2", two.address)
    await manager.send(manager.started[0], [manager.result("a")], gate=two.address)
    assert (await world.client(two).job(handle.id).result())["a"] == "a!"


async def test_a_cancellation_survives_its_gate(world: GateWorld) -> None:
    """GM 41.10a, MW 55.6: ordered and recorded, then the owner dies; the heir carries it out."""
    manager = await world.manager()
    one = await world.gate("g-1", **QUICK)
    manager.run = None
    handle = await world.client(one).submit(job("a"), watch=False)
    await world.until(lambda: bool(manager.started))
    await world.recorded(one, handle.id)
    manager.on_cancel = lambda _m: (_ for _ in ()).throw(RuntimeError("not yet"))  # type: ignore[assignment]
    cancelling = asyncio.create_task(
        world.client(one, patience_seconds=0.1).job(handle.id).cancel()
    )
    await world.until(lambda: bool(manager.cancelled))
    await world.kill(one)
    with pytest.raises((ConnectError, PeerRefused)):
        await cancelling
    manager.report = lambda m: JobReport(m.job_id, "eu", True, running=(("a", 1),))
    manager.on_cancel = lambda m: CancelOutcome(m.job_id, (("a", "cancelled"),))
    two = await world.gate("g-2", **QUICK)
    outcome = await world.client(two).job(handle.id).result(check=False)
    assert outcome.state is JobState.CANCELLED


async def test_an_heir_knows_where_work_may_be_before_anybody_took_it(world: GateWorld) -> None:
    """MW 14.4: the owner died while it offered the job; the datacenter's word is enough."""
    manager = await world.manager()
    manager.refusal = Refused("busy", "not yet", retry_after_seconds=0.01)
    one = await world.gate("g-1", **QUICK)
    handle = await world.client(one).submit(job("a"), watch=False)
    await world.kill(one)
    manager.refusal, manager.run = None, None
    manager.on_cancel = lambda m: CancelOutcome(m.job_id, (("a", "cancelled"),))
    two = await world.gate("g-2", **QUICK)
    await world.until(lambda: bool(manager.started))
    assert manager.started[0].manager_epoch > 1
    assert await world.client(two).job(handle.id).cancel() == {"a": "cancelled"}


@pytest.mark.parametrize("known", [True, False])
async def test_an_heir_asks_every_manager_where_the_one_it_knows_of_knows_nothing(
    world: GateWorld, known: bool
) -> None:
    """MW 14.4: the owner died after a manager took the part and before the ledger knew."""
    managers = {name: await world.manager(name) for name in ("m-1", "m-2")}
    for manager in managers.values():
        manager.run = None
    one = await world.gate("g-1", **QUICK)
    handle = await world.client(one).submit(job("a"), watch=False)
    await world.recorded(one, handle.id)
    (taker,) = (manager for manager in managers.values() if manager.started)
    (other,) = (manager for manager in managers.values() if not manager.started)
    stale = Placed("eu", other.name, 1, "open", b"")
    epoch = one.state.records[handle.id].epoch
    await one.state.ledger.record(JobWrite(handle.id, "g-1", epoch, placed=(stale,)))
    await world.kill(one)
    if known:
        taker.report = lambda m: JobReport(m.job_id, "eu", True, (("a", 1),), manager_epoch=2)
    two = await world.gate("g-2", **QUICK)
    starts = 1 if known else 2
    await world.until(
        lambda: (
            handle.id in two.state.records
            and sum(len(manager.started) for manager in managers.values()) == starts
        )
    )
    run = two.state.records[handle.id].runs["eu"]
    await world.until(lambda: run.started)
    owner = managers[run.manager]
    assert (owner is taker) or not known
    (aside,) = (manager for manager in managers.values() if manager is not owner)
    await world.until(lambda: bool(aside.dropped))
    assert (aside.dropped[0].epoch, aside.dropped[0].manager_epoch) == (2, 1)
    await owner.send(StartJob(handle.id, 2, 1, "", two.address, job("a")), [owner.result("a")])
    assert (await world.client(two).job(handle.id).result())["a"] == "a!"


async def test_a_job_that_had_no_place_is_nowhere(world: GateWorld) -> None:
    """MW 14.4: no datacenter was there, the cancellation was recorded, the owner died."""
    one = await world.gate("g-1", **QUICK)
    handle = await world.client(one).submit(job("a"), watch=False)
    record = one.state.records[handle.id]
    one.state.ledger.record(JobWrite(handle.id, "g-1", record.epoch, cancel_reason="asked for"))
    await world.kill(one)
    two = await world.gate("g-2", **QUICK)
    later = world.client(two).job(handle.id)
    assert (await later.result(check=False)).state is JobState.CANCELLED
    assert await later.cancel() == {"a": "cancelled"}


async def test_results_that_come_before_a_place_is_found_count(world: GateWorld) -> None:
    """An earlier try's work reports to an owner that looks for a datacenter yet."""
    gate = await world.gate()
    handle = await world.client().submit(job("a"))
    manager = await ScriptedManager().start()
    world.managers.append(manager)
    message = StartJob(handle.id, 1, 1, "g-1", gate.address, job("a"))
    await manager.complete(message)
    gate.managers._keep_address(manager.address)
    assert (await handle.result())["a"] == "a!"
    assert not manager.started


async def test_work_that_may_be_anywhere_is_known_to_every_heir(world: GateWorld) -> None:
    """MW 14.4: of three owners the first was tried before, where nothing was stored."""
    manager = await world.manager()
    manager.run = None
    one = await world.gate("g-1", **QUICK)
    parts = Parts()
    pool = ConnectionPool(parts.transport, {}, Identity(Role.CLIENT, "c"), parts.clock)
    await pool.request(
        one.state.address, SubmitJob("j-1", "j-1", b"d", job("a"), again=True), timeout=5.0
    )
    await pool.close()
    await parts.supervisor.stop()
    await world.kill(one)
    manager.report = lambda m: JobReport(m.job_id, "eu", True, running=(("a", 1),))
    manager.on_cancel = lambda m: CancelOutcome(m.job_id, (("a", "cancelled"),))
    two = await world.gate("g-2", **QUICK)
    await world.until(lambda: "j-1" in two.state.records)
    await world.kill(two)
    three = await world.gate("g-3", **QUICK)
    later = world.client(three).job("j-1")
    await world.until(lambda: "j-1" in three.state.records)
    assert await later.cancel() == {"a": "unreachable"}
    await later.result(check=False)
    assert await later.cancel() == {"a": "unreachable"}


def _not_yet(_message: CancelInDatacenter) -> CancelOutcome:
    raise RuntimeError("not yet")
