"""What a worker shows: what runs on it."""

from __future__ import annotations

from collections import Counter

from distributed.errors import ConfigError
from distributed.messages.admin import DrainNode, DrainStarted
from distributed.worker.node import WorkerNode

from .asking import Asking
from .models import Attempt, Overview, Trouble, WorkerLine, Workers


class WorkerSource:
    """A worker's pages."""

    def __init__(self, worker: WorkerNode) -> None:
        self._worker = worker
        self._state = worker.state
        self._asking = Asking(worker.handlers(), lambda: worker.state.pool)

    def overview(self) -> Overview:
        """This worker at a glance."""
        state = self._state
        standing = "draining" if state.draining else state.overload
        attempts = (a for record in state.records.values() for a in record.attempts.values())
        return Overview(
            node=self._worker.status(),
            open_jobs=dict(Counter(f"attempts {attempt.state.value}" for attempt in attempts)),
            degraded=()
            if standing == "healthy"
            else (Trouble(name=state.name, role="worker", reason=standing),),
        )

    def gauges(self) -> dict[str, float]:
        """Cores and what waits for them."""
        status = self._worker.registration.status()
        return {
            "cores": status.cores,
            "cores in use": status.cores - status.free_cores,
            "queued": status.queued,
            "jobs here": len(self._state.records),
        }

    def workers(self) -> Workers:
        """Itself, with everything that runs here."""
        status = self._worker.registration.status()
        now = self._state.clock.now()
        return Workers(
            workers=(WorkerLine.of(status, datacenter=self._state.identity.datacenter, age=0.0),),
            attempts=tuple(
                Attempt(
                    job_id=record.job_id,
                    workflow=attempt.assignment.workflow.name,
                    attempt=attempt.assignment.attempt,
                    state=attempt.state.value,
                    cores=attempt.assignment.workflow.cores,
                    pid=attempt.pid,
                    age_seconds=now - (attempt.started_at or attempt.accepted_at),
                    done=attempt.done,
                    total=attempt.total,
                )
                for record in self._state.records.values()
                for attempt in record.attempts.values()
            ),
        )

    async def drain(self, name: str) -> int:
        """Drain this worker."""
        if name != self._state.name:
            raise ConfigError(f"only {self._state.name} can be drained from here", field="name")
        answer = await self._asking.ask(DrainNode())
        return answer.running if isinstance(answer, DrainStarted) else 0
