"""Where a job goes: the routing policy's decision, turned into parts of the job."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from distributed.jobs.validation import check_placeable
from distributed.ledger.interface import Placed
from distributed.messages.job import Job
from distributed.messages.submission import Explanation, PlanJob
from distributed.routing.decision import Decision
from distributed.routing.placement import divide, weights
from distributed.routing.request import request_for
from distributed.transport.interface import Context, Handlers

from .managers import Managers
from .record import DatacenterRun, JobRecord
from .state import GateState
from .story import Stories


class Placing:
    """Routes jobs and records why."""

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

    def place(self, record: JobRecord) -> bool:
        """Give the job its parts; False where no datacenter can take it now."""
        decision = self.decide(record.job)
        if not decision.placed:
            return False
        record.runs = parts(record.job, decision.primaries)
        for run in record.runs.values():
            self._reserve(record, run, decision)
        self._tell(record, decision)
        if len(record.runs) > 1:
            for run in record.runs.values():
                self._stories.add_placed(record, placed_row(run))
        return True

    def replace(self, record: JobRecord, run: DatacenterRun, reason: str) -> DatacenterRun | None:
        """Another datacenter for a part that nobody took; None where there is none.

        The set that the job waits for changes with it.
        """
        job = record.job
        pinned = any(w.datacenter == run.datacenter for w in job.workflows)
        required = job.placement.required and run.datacenter in job.placement.datacenters
        barred = {*record.runs, *(record.gaps or ())}
        if pinned or (required and len(job.placement.datacenters) <= len(record.runs)):
            return None
        decision = self.decide(job, barred=barred, count=1)
        if run.route is not None:
            run.route.failed(self._state.clock.now(), refused=True)
        if not decision.placed:
            return None
        successor = DatacenterRun(decision.primaries[0], run.names, run.left)
        self._reserve(record, successor, decision)
        del record.runs[run.datacenter]
        if run.address:
            record.succeeded(run.address)
        record.runs[successor.datacenter] = successor
        gone = msgspec.structs.replace(placed_row(run), state="dropped")
        self._stories.add_placed(record, gone)
        self._stories.add_placed(record, placed_row(successor))
        self._tell(record, decision, reason=f"{run.datacenter}: {reason}")
        return successor

    def _reserve(self, record: JobRecord, run: DatacenterRun, decision: Decision) -> None:
        """Hold the cores that this part can use at once until the datacenter shows it."""
        names = set(record.runs_here(run))
        cores = sum(w.cores for w in record.job.workflows if w.name in names and not w.after)
        run.route = self._managers.knowledge.dispatch(
            decision, run.datacenter, max(1, cores), self._state.clock.now()
        )

    def _tell(self, record: JobRecord, decision: Decision, reason: str = "") -> None:
        view = msgspec.to_builtins(decision.explain())
        told = f"{reason}; {decision.reason}" if reason else decision.reason
        self._stories.route(record, ", ".join(decision.primaries), told, view)

    async def _plan(self, _context: Context, message: PlanJob) -> Explanation:
        check_placeable(message.job, self._managers.rooms())
        request = request_for(message.job)
        decision = self._managers.knowledge.plan(request, self._state.clock.now())
        return Explanation((msgspec.to_builtins(decision.explain()),))


def placed_row(run: DatacenterRun) -> Placed:
    """A part as the ledger keeps it."""
    return run.row("\x00".join(run.names).encode())


def parts(job: Job, datacenters: tuple[str, ...]) -> dict[str, DatacenterRun]:
    """One part for each datacenter that has anything to run."""
    everything = len(job.workflows)
    if job.placement.mode == "replicate" or len(datacenters) == 1:
        return {name: DatacenterRun(name, (), everything) for name in datacenters}
    split = divide(job.workflows, weights(job.placement, datacenters))
    order = {workflow.name: index for index, workflow in enumerate(job.workflows)}
    return {
        name: DatacenterRun(name, tuple(sorted(names, key=order.__getitem__)), len(names))
        for name, names in split.items()
        if names
    }
