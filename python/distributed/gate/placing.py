"""Where a job goes: the routing policy's decision, turned into parts of the job."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from distributed.jobs.validation import check_placeable
from distributed.ledger.interface import Placed
from distributed.messages.job import Job
from distributed.messages.submission import Explanation, PlanJob
from distributed.routing.decision import Decision
from distributed.routing.placement import bound, lacking, parts
from distributed.routing.request import request_for
from distributed.transport.interface import Context, Handlers

from .managers import Managers
from .record import DatacenterRun, JobRecord
from .state import GateState
from .story import Stories

ANYWHERE = Placed("", "", 1, "dropped")
"""A part that some manager of an unknown datacenter may have taken."""


class Placing:
    """Routes jobs and records why.

    Where a part goes is in the ledger before its work is sent there, or in the transaction
    that creates the job: whoever takes the job over knows whom to ask.
    """

    def __init__(self, state: GateState, managers: Managers, stories: Stories) -> None:
        self._state = state
        self._managers = managers
        self._stories = stories

    def handlers(self) -> Handlers:
        """What clients ask here."""
        return {PlanJob: self._plan}

    def decide(
        self, job: Job, *, barred: Collection[str] = (), count: int | None = None
    ) -> Decision:
        """Where the job would best go now; the gate's route follows."""
        request = request_for(job, barred=barred, count=count)
        return self._managers.knowledge.decide(request, self._state.clock.now())

    def place(self, record: JobRecord) -> Decision | None:
        """Give the job its parts, to be told; None where no datacenter can take it now."""
        decision = self.decide(record.job)
        if not decision.placed or lacking(record.job, decision.primaries):
            return None
        record.runs = {
            name: record.part(name, names)
            for name, names in parts(record.job, decision.primaries).items()
        }
        for run in record.runs.values():
            self._reserve(record, run, decision)
        return decision

    def replace(self, record: JobRecord, run: DatacenterRun, reason: str) -> DatacenterRun | None:
        """Another datacenter for a part that nobody took; None where there is none.

        The set that the job waits for changes with it; that is queued for the ledger.
        """
        if bound(record.job, run.datacenter):
            return None
        decision = self.decide(record.job, barred={*record.runs, *record.tried}, count=1)
        if run.route is not None:
            run.route.failed(self._state.clock.now(), refused=True)
        if not decision.placed:
            return None
        successor = DatacenterRun(decision.primaries[0], run.names, run.left)
        self._reserve(record, successor, decision)
        del record.runs[run.datacenter]
        record.tried = (*record.tried, run.datacenter)
        record.strayed |= run.manager_epoch > 0
        if run.address:
            record.succeeded(run.address, run.manager_epoch)
        record.runs[successor.datacenter] = successor
        gone = msgspec.structs.replace(placed_row(run), state="dropped")
        self._stories.add_placed(record, gone)
        self._stories.add_placed(record, offered_row(successor))
        self.tell(record, decision, reason=f"{run.datacenter}: {reason}")
        return successor

    def _reserve(self, record: JobRecord, run: DatacenterRun, decision: Decision) -> None:
        """Hold the cores that this part can use at once until the datacenter shows it."""
        names = set(record.runs_here(run))
        cores = sum(w.cores for w in record.job.workflows if w.name in names and not w.after)
        run.route = self._managers.knowledge.dispatch(
            decision, run.datacenter, max(1, cores), self._state.clock.now()
        )

    def tell(self, record: JobRecord, decision: Decision, reason: str = "") -> None:
        """Add to the job's story where it goes, and why."""
        view = msgspec.to_builtins(decision.explain())
        told = f"{reason}; {decision.reason}" if reason else decision.reason
        self._stories.route(record, ", ".join(decision.primaries), told, view)

    def unplaceable(self, job: Job) -> str:
        """Why no datacenter takes the job now."""
        decision = self._managers.knowledge.plan(request_for(job), self._state.clock.now())
        excluded = "; ".join(f"{name}: {why}" for name, why in decision.excluded)
        lacks = lacking(job, decision.primaries) if decision.placed else ""
        return f"{lacks or 'no datacenter can take the job'} ({excluded or 'none is known'})"

    async def _plan(self, _context: Context, message: PlanJob) -> Explanation:
        check_placeable(message.job, self._managers.rooms())
        request = request_for(message.job)
        decision = self._managers.knowledge.plan(request, self._state.clock.now())
        return Explanation((msgspec.to_builtins(decision.explain()),))


def places(record: JobRecord) -> tuple[Placed, ...]:
    """Every place that work of the job may be in, as the ledger keeps it."""
    known = tuple(offered_row(run) for run in record.runs.values())
    return (*known, ANYWHERE) if record.strayed else known


def offered_row(run: DatacenterRun) -> Placed:
    """A part that is about to be offered: an heir must take it for taken by some manager."""
    return msgspec.structs.replace(placed_row(run), manager_epoch=max(1, run.manager_epoch))


def placed_row(run: DatacenterRun) -> Placed:
    """A part as the ledger keeps it."""
    return run.row("\x00".join(run.names).encode())
