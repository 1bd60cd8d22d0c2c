"""This gate's lease on everything it owns: kept, lost, taken back, handed over.

A gate orders effects only while its lease runs by its own clock, measured from before the
renewal was asked for. Without the ledger it steps down: it accepts nothing and orders
nothing, lets running work go on, and keeps results until it can record them.
"""

from __future__ import annotations

from distributed.errors import LedgerUnavailable

from .state import GateState
from .takeover import Takeover


class Leases:
    """Renews the lease and reacts to its loss and return."""

    def __init__(self, state: GateState, takeover: Takeover) -> None:
        self._state = state
        self._takeover = takeover

    async def first(self) -> None:
        """Take the lease and the jobs that an earlier life of this gate still holds.

        Raises:
            LedgerUnavailable: the ledger does not answer.
        """
        await self._renew()
        await self._takeover.adopt_all(
            await self._state.ledger.owned(self._state.name), force=False
        )

    async def serve(self) -> None:
        """Renew until cancelled; step down and come back as the ledger goes and returns."""
        settings = self._state.settings
        held = True
        checked_at = self._state.clock.now()
        while True:
            await self._state.clock.sleep(settings.renew_seconds)
            if self._state.stopping:
                return
            try:
                await self._renew()
            except LedgerUnavailable as error:
                if held and not self._state.holding:
                    held = False
                    self._state.metrics.count("step_downs")
                    self._state.logger.error(
                        "the lease ran out: no new jobs, no commands (%s)", error
                    )
                continue
            now = self._state.clock.now()
            if held and now - checked_at < settings.recheck_seconds:
                continue
            if not held:
                held = True
                self._state.logger.warning("the ledger answers again")
            checked_at = now
            try:
                await self._recheck()
            except LedgerUnavailable as error:
                self._state.logger.info("cannot compare what is owned: %s", error)

    async def _renew(self) -> None:
        settings = self._state.settings
        asked = self._state.clock.now()
        await self._state.ledger.renew(
            self._state.name, self._state.instance, settings.lease_seconds
        )
        self._state.lease_until = asked + settings.lease_seconds

    async def _recheck(self) -> None:
        """Compare with the ledger: drop what others took, take back what nobody did."""
        state = self._state
        before = {r.job_id: r.epoch for r in state.records.values() if r.created and not r.ending}
        owned = {lease.job_id: lease for lease in await state.ledger.owned(state.name)}
        for record in tuple(state.records.values()):
            lease = owned.pop(record.job_id, None)
            if before.get(record.job_id) != record.epoch or record.ending:
                continue
            if lease is None or lease.epoch != record.epoch:
                self._state.logger.warning(
                    "another gate took the job meanwhile", extra={"job": record.job_id}
                )
                self._state.drop(record)
        await self._takeover.adopt_all(owned.values(), force=False)

    async def hand_over(self) -> None:
        """Let the other gates have what this one owns: part of a graceful stop."""
        try:
            await self._state.ledger.release(self._state.name, self._state.instance)
        except LedgerUnavailable as error:
            self._state.logger.warning("could not release the lease: %s", error)
        self._state.lease_until = float("-inf")
