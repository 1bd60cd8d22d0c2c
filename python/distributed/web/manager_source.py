"""What a manager shows: its jobs and the workers of its datacenter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from distributed.errors import ConfigError, PeerRefused
from distributed.manager.node import ManagerNode
from distributed.manager.record import JobRecord
from distributed.messages.admin import DrainNode, DrainStarted
from distributed.messages.submission import JobView, WorkflowView

from .asking import ASK_SECONDS
from .models import (
    DatacenterLine,
    Death,
    JobLine,
    JobPage,
    Jobs,
    Overview,
    Plot,
    Trouble,
    WorkerLine,
    Workers,
)

LISTED = 200


class ManagerSource:
    """A manager's pages."""

    def __init__(self, manager: ManagerNode) -> None:
        self._manager = manager
        self._state = manager.state

    def overview(self) -> Overview:
        """The datacenter, its open jobs, who went and why."""
        state = self._state
        status = state.allocation
        seats = tuple(state.seats.values())
        queued = sum(len(line) for line in state.queue.waiting())
        line = DatacenterLine(
            name=state.datacenter,
            bucket="draining" if state.draining else "active",
            managers=1 + len(self._manager.roster.peers()),
            workers=len(seats),
            healthy_workers=sum(seat.slots.standing == 0 for seat in seats),
            cores=status.cores,
            free_cores=status.free,
            queued=queued,
            age_seconds=0.0,
        )
        return Overview(
            node=self._manager.status(),
            datacenters=(line,),
            open_jobs=dict(Counter(_state_of(record) for record in state.records.values())),
            deaths=self._gone(),
            degraded=tuple(
                Trouble(name=seat.name, role="worker", reason=_standing(seat.slots.standing.name))
                for seat in seats
                if seat.slots.standing != 0
            ),
        )

    def gauges(self) -> dict[str, float]:
        """Cores, queue and jobs of the datacenter."""
        state = self._state
        return {
            "cores": state.allocation.cores,
            "cores in use": state.allocation.cores - state.allocation.free,
            "queued": sum(len(line) for line in state.queue.waiting()),
            "open jobs": len(state.records),
        }

    def _gone(self) -> tuple[Death, ...]:
        return tuple(
            Death(
                name=went.name,
                role="worker",
                reason=f"{went.reason}; {went.dispatches} dispatches were with it",
                seconds_ago=went.seconds_ago,
                died=went.died,
                told_by=self._state.name,
            )
            for went in reversed(self._state.departed())
        )

    async def jobs(
        self, *, states: tuple[str, ...] = (), search: str = "", before: str = ""
    ) -> Jobs:
        """The jobs here, newest first; ended ones are at the gates."""
        records = list(reversed(self._state.records.values()))
        if before:
            ids = [record.job_id for record in records]
            records = records[ids.index(before) + 1 :] if before in ids else []
        sought = search.casefold()
        found = [
            record
            for record in records
            if (not states or _state_of(record) in states)
            and (sought in record.job.name.casefold() or record.job_id.startswith(search))
        ]
        return Jobs(
            jobs=tuple(map(self._line, found[:LISTED])),
            states=states,
            search=search,
            older=found[LISTED - 1].job_id if len(found) > LISTED else "",
            looked_at=len(records),
        )

    def _line(self, record: JobRecord) -> JobLine:
        total = len(record.entries)
        return JobLine(
            id=record.job_id,
            name=record.job.name,
            state=_state_of(record),
            owner=record.gate,
            epoch=record.epoch,
            age_seconds=self._state.clock.now() - record.started_at,
            done=total - record.left,
            total=total,
        )

    async def job(self, job_id: str) -> JobPage | None:
        """The job's part in this datacenter; its history is at the gate that owns it."""
        matching = [key for key in self._state.records if key.startswith(job_id)] if job_id else []
        if len(matching) != 1:
            return None
        record = self._state.records[matching[0]]
        age = self._state.clock.now() - record.started_at
        view = JobView(
            record.job_id,
            record.job.name,
            _state_of(record),
            record.gate,
            record.epoch,
            age,
            workflows=tuple(self._workflows(record)),
            meta=record.job.meta,
        )
        return JobPage(
            job=view,
            elapsed_seconds=age,
            runs=(),
            windows=(),
            latencies=(),
            events=(),
            decisions=(),
        )

    def _workflows(self, record: JobRecord) -> Iterator[WorkflowView]:
        for entry in record.entries.values():
            news = record.news.get((entry.workflow.name, entry.attempt))
            yield WorkflowView(
                entry.workflow.name,
                entry.state.value,
                self._state.datacenter,
                entry.worker,
                entry.attempt,
                news.done if news else 0,
                news.total if news else 0,
                after=entry.workflow.after,
            )

    def trail(self, job_id: str) -> dict[str, Plot]:
        """Managers sample no trails."""
        return {}

    def workers(self) -> Workers:
        """Every seat."""
        now = self._state.clock.now()
        return Workers(
            workers=tuple(
                WorkerLine(
                    name=seat.name,
                    datacenter=self._state.datacenter,
                    address=str(seat.address),
                    standing="suspect"
                    if seat.suspect
                    else "draining"
                    if seat.draining
                    else _standing(seat.slots.standing.name),
                    cores=seat.slots.cores,
                    free_cores=seat.slots.free,
                    bound=seat.slots.bound,
                    ahead=seat.slots.ahead,
                    status=seat.status,
                    heard_seconds_ago=now - seat.heard_at,
                    drainable=not seat.draining,
                )
                for _, seat in sorted(self._state.seats.items())
            ),
            gone=self._gone(),
        )

    async def drain(self, name: str) -> int:
        """Drain this manager, or one of its workers."""
        if name == self._state.name:
            self._state.draining = True
            return sum(record.left for record in self._state.records.values())
        seat = self._state.seats.get(name)
        if seat is None:
            raise ConfigError(f"no worker named {name} is registered here", field="name")
        answer = await self._state.pool.request(seat.address, DrainNode(), timeout=ASK_SECONDS)
        if not isinstance(answer, DrainStarted):
            raise PeerRefused("not_drained", f"{name} answered {type(answer).__name__}")
        return answer.running


def _state_of(record: JobRecord) -> str:
    if record.rebuilding:
        return "rebuilding"
    if record.left == 0:
        return "finished"
    return "running" if record.running else "waiting"


def _standing(name: str) -> str:
    return {"SHUT": "not chosen"}.get(name, name.lower())
