"""Telling managers that a job is over: the present ones, and those that had it before.

A manager that was given up may only have been cut off. Back again, it would go on with a
job that everybody else has forgotten; so it is told too, for as long as that may take.
"""

from __future__ import annotations

import asyncio
from functools import partial

from distributed.errors import PeerRefused, TransportError
from distributed.messages.cancel import CancelInDatacenter
from distributed.messages.dispatch import DropJob
from distributed.messages.submission import JobResult
from distributed.types import Address, JobState

from .record import JobRecord
from .state import GateState

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
GIVE_UP_SECONDS = 120.0
CUT_SHORT = frozenset({JobState.TIMED_OUT, JobState.FAILED})


class Farewells:
    """Says goodbye for jobs that have ended."""

    def __init__(self, state: GateState) -> None:
        self._state = state

    def say(self, record: JobRecord, result: JobResult) -> None:
        """The job is over: whoever runs something of it stops and forgets it."""
        cut_short = record.ordered in CUT_SHORT
        present = set()
        for run in record.runs.values():
            if not run.address:
                continue
            present.add(run.address)
            if cut_short and not run.done:
                stop = partial(self._stop, record.job_id, record.epoch, run.address, result.reason)
                self._state.spawn_free("stop parts", stop)
            else:
                self.drop(record.job_id, record.epoch, run.address)
        for address in sorted((record.former or {}).keys() - present):
            insist = partial(self._insist, address, DropJob(record.job_id, record.epoch))
            self._state.spawn_free("drop at former manager", insist)

    def replaced(self, record: JobRecord) -> None:
        """Managers that had a part before hear that others have it, while the job goes on."""
        present = {run.address for run in record.runs.values()}
        for address, manager_epoch in (record.former or {}).items():
            if address not in present:
                message = DropJob(record.job_id, record.epoch, manager_epoch)
                insist = partial(self._insist, address, message)
                self._state.spawn(record, f"step aside {address} {manager_epoch}", insist)

    def drop(self, job_id: str, epoch: int, address: Address) -> None:
        """Tell one manager; if it does not hear, it learns when it sends something."""
        connection = self._state.pool.opened(address)
        if connection is not None:
            connection.try_send(DropJob(job_id, epoch), unhurried=True)

    async def _stop(self, job_id: str, epoch: int, address: Address, reason: str) -> None:
        """Stop what still runs for a job that has ended without it."""
        settings = self._state.settings
        grace = settings.cancel_grace_seconds
        patience = grace + settings.request_timeout_seconds
        message = CancelInDatacenter(job_id, epoch, reason=reason, grace_seconds=grace)
        try:
            async with asyncio.timeout(patience):
                await self._state.pool.request(address, message, timeout=patience)
            await self._state.pool.send(address, DropJob(job_id, epoch))
        except (TransportError, PeerRefused, TimeoutError) as error:
            self._state.logger.info("could not stop what is left: %s", error, extra={"job": job_id})

    async def _insist(self, address: Address, message: DropJob) -> None:
        """Tell a manager that was given up until it hears, or has been gone for long."""
        give_up_at = self._state.clock.now() + GIVE_UP_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while self._state.clock.now() < give_up_at:
            try:
                await self._state.pool.request(
                    address,
                    message,
                    timeout=self._state.settings.request_timeout_seconds,
                )
            except PeerRefused:
                return
            except TransportError as error:
                self._state.logger.debug("%s", error, extra={"job": message.job_id})
            else:
                return
            await self._state.clock.sleep(pause * (0.5 + self._state.rng.random()))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
