"""Results that dependants in other datacenters wait for, carried across by the gate."""

from __future__ import annotations

from functools import partial
from itertools import islice

import msgspec

from distributed.errors import PeerRefused, TransportError
from distributed.jobs.outcome import COMPLETED
from distributed.jobs.values import PAGE_BYTES, by_reference, pages
from distributed.messages.dispatch import ProvideInputs
from distributed.messages.results import WorkflowResult
from distributed.reliability.retry import RetryPolicy

from .record import DatacenterRun, JobRecord
from .state import GateState

AGAIN = RetryPolicy(attempts=0, base_seconds=0.1, cap_seconds=2.0)


class Inputs:
    """Provides inputs across datacenters: each until taken, refused for good, or not needed."""

    def __init__(self, state: GateState) -> None:
        self._state = state

    def known(self, record: JobRecord, run: DatacenterRun) -> tuple[WorkflowResult, ...]:
        """What a manager must know to go on: values only of what something waits for."""
        run.provided = len(record.results)
        if not record.results:
            return ()
        found = []
        room = PAGE_BYTES
        for result in record.results.values():
            if record.job.placement.mode == "replicate" and result.datacenter != run.datacenter:
                continue
            wanted = result.value and record.graph.dependents(result.workflow)
            room -= len(result.value) if wanted else 0
            if wanted and room < 0:
                found.append(by_reference(result))
            else:
                found.append(result if wanted else msgspec.structs.replace(result, value=b""))
        return tuple(found)

    def provide(self, record: JobRecord, result: WorkflowResult) -> None:
        """Pass a new result on to the other datacenters where something waits for it."""
        if not _crosses(record):
            return
        for run in record.runs.values():
            if run.started and self._wants(record, run, result):
                self._send_soon(record, run, (result,))

    def provide_rest(self, record: JobRecord, run: DatacenterRun) -> None:
        """Pass on what came while the part was being sent out."""
        if not _crosses(record):
            return
        newer = islice(record.results.values(), run.provided, None)
        for rest in pages(result for result in newer if self._wants(record, run, result)):
            self._send_soon(record, run, rest)

    def provide_all(self, record: JobRecord, run: DatacenterRun) -> None:
        """Pass on everything: the former owner may not have."""
        run.provided = 0
        self.provide_rest(record, run)

    def _wants(self, record: JobRecord, run: DatacenterRun, result: WorkflowResult) -> bool:
        if result.datacenter == run.datacenter or run.done or result.state != COMPLETED:
            return False
        return record.graph.feeds(result.workflow, record.runs_here(run))

    def _send_soon(
        self, record: JobRecord, run: DatacenterRun, results: tuple[WorkflowResult, ...]
    ) -> None:
        name = f"provide {results[0].workflow} to {run.datacenter}"
        self._state.spawn(record, name, partial(self._send, record, run, results))

    async def _send(
        self, record: JobRecord, run: DatacenterRun, results: tuple[WorkflowResult, ...]
    ) -> None:
        failures = 0
        message = ProvideInputs(record.job_id, record.epoch, results)
        while run.started and not run.done:
            try:
                await self._state.pool.request(
                    run.address, message, timeout=self._state.settings.request_timeout_seconds
                )
            except (TransportError, PeerRefused) as error:
                self._state.metrics.count("inputs_failed")
                self._state.logger.warning(
                    "%s did not take an input: %s", run.manager, error, extra={"job": record.job_id}
                )
                if isinstance(error, PeerRefused) and error.code == "stale_fence":
                    return
            else:
                return
            failures += 1
            await self._state.clock.sleep(AGAIN.bound(failures))


def _crosses(record: JobRecord) -> bool:
    """Whether results of one datacenter matter in another."""
    return len(record.runs) > 1 and record.job.placement.mode == "split"
