"""Getting a job's parts to managers, and to successors when a manager is lost.

Managers of a datacenter are asked in rendezvous order. Each one that is asked after another
carries a higher manager epoch, so that of two that took the part only the later one acts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum

import msgspec

from distributed.errors import ClosedError, LedgerConflict, PeerRefused, TransportError
from distributed.messages.dispatch import DropJob, JobStarted, StartJob
from distributed.messages.results import WorkflowResult
from distributed.reliability.retry import RetryPolicy
from distributed.types import JobState

from .ending import Ending
from .inputs import Inputs
from .managers import Managers, ManagerView
from .placing import Placing, offered_row, placed_row
from .record import DatacenterRun, JobRecord
from .state import GateState
from .story import Stories

ROUNDS = RetryPolicy(attempts=0, base_seconds=0.1, cap_seconds=2.0)
UNFIT_CODES = frozenset({"too_wide", "too_large", "invalid", "unhandled"})
"""Refusals about the job itself: asking the same datacenter again would change nothing."""
OWN_MANAGER_SECONDS = 5.0
"""After this gate was cut off, how long the manager that has a part is waited for."""
LOOK_SECONDS = 0.25
ROUNDS_ALONE = 3
"""Rounds without any live manager after which another datacenter is looked for."""


Offer = tuple[ManagerView, Awaitable[msgspec.Struct]]
"""A part that was offered to a manager, and the answer to come."""


class Reply(Enum):
    """What came of offering a part to one manager."""

    TAKEN = "taken"
    LATER = "later"
    UNFIT = "unfit"
    LOST = "lost"


class Dispatch:
    """Sends jobs' parts where they run.

    While this gate takes itself for cut off, no part that was ever offered is given up: it
    may run, and its results come once the ways are open.
    """

    def __init__(
        self,
        state: GateState,
        managers: Managers,
        placing: Placing,
        stories: Stories,
        ending: Ending,
        inputs: Inputs,
    ) -> None:
        self._state = state
        self._managers = managers
        self._placing = placing
        self._stories = stories
        self._ending = ending
        self._inputs = inputs
        self.on_taken: Callable[[JobRecord, DatacenterRun], None] = lambda _record, _run: None
        self.on_stale: Callable[[JobRecord], None] = state.drop
        managers.on_lost = self._manager_lost

    def offer(self, record: JobRecord) -> Offer | None:
        """Offer a job's only part now, before whatever else there is to do about it."""
        with self._state.pool.turn:
            return self._offer_at_once(record)

    def begin(self, record: JobRecord, offer: Offer | None = None) -> None:
        """Place and start a job in the background; the first offer leaves at once if it can."""
        offer = offer or self._offer_at_once(record)
        self._state.spawn(record, "dispatch", lambda: self._place(record, offer))

    def restart(self, record: JobRecord, run: DatacenterRun, reason: str) -> None:
        """Name a successor for the manager of a part, in the background."""
        run.started = False
        self._state.spawn(
            record, f"restart {run.datacenter}", lambda: self._start(record, run, reason)
        )

    def _offer_at_once(self, record: JobRecord) -> Offer | None:
        """Offer the only part of a job where it was placed, if its manager is connected."""
        if len(record.runs) != 1 or record.withdrawn or self._state.stopping:
            return None
        (run,) = record.runs.values()
        if run.manager_epoch or _decided(record, run) or self._evicted(run):
            return None
        view = next(iter(self._managers.order(record.job_id, run.datacenter)), None)
        if view is None or not self._state.pool.stands(view.address):
            return None
        return view, self._offer(record, run, view)

    async def _place(self, record: JobRecord, offer: Offer | None = None) -> None:
        if not record.runs and not await self._find_place(record):
            return
        self._stories.reach(record, JobState.ROUTED)
        self._ending.settle(record)
        runs = tuple(record.runs.values())
        if len(runs) == 1:
            await self._start(record, runs[0], "", offer)
        else:
            await asyncio.gather(*(self._start(record, run, "") for run in runs))

    async def _find_place(self, record: JobRecord) -> bool:
        """Wait for datacenters that take a job which had none at its creation."""
        give_up_at = self._state.clock.now() + self._state.settings.place_patience_seconds
        failures = 0
        while (decision := self._placing.place(record)) is None:
            failures += 1
            if self._state.clock.now() >= give_up_at:
                reason = self._placing.unplaceable(record.job)
                self._ending.order(record, JobState.FAILED, reason)
                return False
            await self._managers.news(self._pause_seconds(failures))
        self._placing.tell(record, decision)
        for run in record.runs.values():
            self._stories.add_placed(record, offered_row(run))
        return await self._durable(record)

    async def _durable(self, record: JobRecord) -> bool:
        """Wait until the ledger knows where work is about to go; False where it is lost."""
        try:
            await asyncio.shield(self._stories.flush(record))
        except (LedgerConflict, ClosedError):
            return False
        return True

    async def _start(
        self, record: JobRecord, run: DatacenterRun, why: str, offer: Offer | None = None
    ) -> None:
        """Ask managers until one takes the part, then other datacenters, then give up."""
        give_up_at = self._state.clock.now() + self._state.settings.place_patience_seconds
        failures = 0
        while offer is not None or not _decided(record, run):
            reply, wait = Reply.LATER, 0.0
            if not run.manager_epoch and record.withdrawn:
                self._withhold(record, run)
            if run.taken and await self._sit_out(record, run):
                give_up_at = self._state.clock.now() + self._state.settings.place_patience_seconds
            own = run.manager if run.taken else ""
            order = self._managers.order
            views = order(record.job_id, run.datacenter, first=own) if offer is None else offer[:1]
            for view in views:
                if offer is None and not run.taken and self._evicted(run):
                    break
                made = offer or (view, self._offer(record, run, view))
                offer = None
                reply, told, hint = await self._answered(record, run, made)
                why, wait = told or why, min(wait, hint) if wait else hint
                if reply is Reply.TAKEN:
                    self._taken(record, run)
                    return
                if reply is Reply.LOST or _decided(record, run):
                    return
            failures += 1
            alone = self._is_alone(run, failures)
            if run.manager_epoch and self._managers.knowledge.isolated(self._state.clock.now()):
                give_up_at = self._state.clock.now() + self._state.settings.place_patience_seconds
            late = reply is Reply.UNFIT or self._state.clock.now() >= give_up_at
            if reply is Reply.UNFIT and run.route is not None:
                run.route.abandoned()
                run.route = None
            if late or (alone and not record.created_elsewhere(run)):
                successor = self._placing.replace(record, run, why or "no manager answers")
                if successor is not None:
                    if await self._durable(record):
                        await self._start(record, successor, why)
                    return
            if late:
                if run.route is not None:
                    run.route.failed(self._state.clock.now(), refused=True)
                self._abandon(record, run, why or "no manager answers")
                return
            await self._pause(failures, wait)

    async def _sit_out(self, record: JobRecord, run: DatacenterRun) -> bool:
        """Name no successor while this gate takes itself for cut off; whether that took time.

        The manager that has the part goes on with it meanwhile, and is then waited for a
        little: of two that act for one part, one would do work for nothing.
        """
        waited, until = False, float("-inf")
        while not _decided(record, run):
            now = self._state.clock.now()
            isolated = self._managers.knowledge.isolated(now)
            until = now + OWN_MANAGER_SECONDS if isolated else until
            own = self._managers.view(run.manager)
            if not isolated and (now >= until or (own is not None and own.alive)):
                break
            waited = True
            await self._state.clock.sleep(LOOK_SECONDS)
        return waited

    def _is_alone(self, run: DatacenterRun, failures: int) -> bool:
        """Whether nobody is left there to ask, by a fault that is not this gate's own.

        What a manager took may still run there: it gets a few rounds for a successor.
        """
        if not run.taken and self._evicted(run):
            return True
        if failures < ROUNDS_ALONE or self._managers.live(run.datacenter):
            return False
        return not self._managers.knowledge.shielded(run.datacenter, self._state.clock.now())

    def _evicted(self, run: DatacenterRun) -> bool:
        return self._managers.knowledge.evicted(run.datacenter, self._state.clock.now())

    def _withhold(self, record: JobRecord, run: DatacenterRun) -> None:
        """Workflows that were cancelled before their part was ever offered do not start."""
        here = record.runs_here(run)
        for name, reason in (record.withdrawn or {}).items():
            if name not in here:
                continue
            result = WorkflowResult(
                name,
                0,
                "cancelled",
                error=reason,
                datacenter=run.datacenter,
                unconfirmed=record.strayed,
            )
            if record.take(result, 0):
                self._stories.add_result(record, result)
        if run.done:
            self._stories.soon(record)
            self._ending.settle(record)

    def _offer(
        self, record: JobRecord, run: DatacenterRun, view: ManagerView
    ) -> Awaitable[msgspec.Struct]:
        """Offer the part to one manager; its answer.

        Each offer is an appointment of its own: a manager that restarted since the last one
        has forgotten what it started, and must rebuild the job rather than begin it again.
        """
        run.manager_epoch += 1
        if run.address and run.address != view.address:
            record.succeeded(run.address, run.manager_epoch - 1)
        run.manager, run.address = view.name, view.address
        return self._state.pool.request(
            view.address,
            self._message(record, run),
            timeout=self._state.settings.request_timeout_seconds,
        )

    async def _answered(
        self, record: JobRecord, run: DatacenterRun, offer: Offer
    ) -> tuple[Reply, str, float]:
        """What came of an offer, why, seconds until that manager may be asked again."""
        view, answer = offer
        now = self._state.clock.now()
        try:
            reply = await answer
        except PeerRefused as refusal:
            if refusal.code == "stale_fence":
                self._state.metrics.count("stale_fences")
                self.on_stale(record)
                return Reply.LOST, refusal.reason, 0.0
            told = f"{view.name} refused: {refusal.reason}"
            if refusal.code in UNFIT_CODES:
                return Reply.UNFIT, told, 0.0
            self._managers.knowledge.failed(run.datacenter, now, refused=False)
            return Reply.LATER, told, refusal.retry_after_seconds or 0.0
        except TransportError as error:
            view.health.failed()
            return Reply.LATER, f"{view.name}: {error}", 0.0
        view.health.heard(self._state.clock.now())
        if isinstance(reply, JobStarted):
            return Reply.TAKEN, "", 0.0
        return Reply.LATER, f"{view.name} answered with {type(reply).__name__}", 0.0

    def _message(self, record: JobRecord, run: DatacenterRun) -> StartJob:
        return StartJob(
            record.job_id,
            record.epoch,
            run.manager_epoch,
            self._state.name,
            self._state.address,
            record.job,
            run.names,
            inputs=self._inputs.known(record, run),
            remaining_seconds=max(0.001, record.deadline_at - self._state.clock.now()),
            attempts=record.attempts_spent(run),
            trace=record.span.context,
        )

    def _taken(self, record: JobRecord, run: DatacenterRun) -> None:
        run.started = run.taken = True
        if run.route is not None:
            run.route.accepted(self._state.clock.now())
        if self._state.records.get(record.job_id) is not record:
            self.forget(record, run)
            return
        if record.ending:
            # Once the end is durable the manager is told so; before, it must not forget.
            return
        self._stories.add_placed(record, placed_row(run))
        if not record.state.final:
            self._stories.reach(record, JobState.DISPATCHED)
        self._stories.soon(record)
        self._inputs.provide_rest(record, run)
        self._ending.farewells.replaced(record)
        self.on_taken(record, run)

    def _abandon(self, record: JobRecord, run: DatacenterRun, why: str) -> None:
        run.finished = True
        run.reason = why
        self._ending.gap(record, run, f"no manager of {run.datacenter} took it: {why}")
        self._ending.settle(record)

    def forget(self, record: JobRecord, run: DatacenterRun) -> None:
        """Tell a manager that the job has ended; one that does not hear learns by `Gone`."""
        connection = self._state.pool.opened(run.address) if run.address else None
        if connection is not None:
            connection.try_send(DropJob(record.job_id, record.epoch))

    def _manager_lost(self, name: str, reason: str) -> None:
        for record in tuple(self._state.records.values()):
            for run in tuple(record.runs.values()):
                if run.manager == name and run.started and not run.done:
                    self._stories.update(
                        record,
                        "takeover",
                        datacenter=run.datacenter,
                        reason=f"manager {name} is lost ({reason}); another takes over",
                    )
                    self.restart(record, run, reason)

    async def _pause(self, failures: int, least_seconds: float = 0.0) -> None:
        await self._state.clock.sleep(self._pause_seconds(failures, least_seconds))

    def _pause_seconds(self, failures: int, least_seconds: float = 0.0) -> float:
        least = min(least_seconds, self._state.settings.place_patience_seconds)
        bound = max(ROUNDS.bound(failures), 2.0 * least)
        return bound * (0.5 + self._state.rng.random() / 2)


def _decided(record: JobRecord, run: DatacenterRun) -> bool:
    """Whether this part must not be sent out any more.

    A part that a manager had before gets a successor even while the job is being cancelled:
    its workers have to be told.
    """
    if record.ordered is not None or record.ending or run.done:
        return True
    return record.cancelling is not None and not run.manager_epoch
