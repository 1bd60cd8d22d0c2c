"""Taking over a job whose manager was another: the workers know what runs."""

from __future__ import annotations

from functools import partial

from distributed.errors import TransportError
from distributed.messages.dispatch import ReportWork, WorkReport
from distributed.supervision import Policy

from .lifecycle import Lifecycle
from .reconcile import Reconcile
from .record import JobRecord
from .results import Results
from .state import ManagerState
from .worker_seat import WorkerSeat


class Rebuild:
    """Asks every worker what it holds of a job, under the new fence, before anything starts.

    The wait is bounded: a worker that answers later, or registers later, is reconciled then.
    """

    def __init__(
        self, state: ManagerState, lifecycle: Lifecycle, reconcile: Reconcile, results: Results
    ) -> None:
        self._state = state
        self._lifecycle = lifecycle
        self._reconcile = reconcile
        self._results = results
        self._started_at = state.clock.now()

    def begin(self, record: JobRecord) -> None:
        """Ask all workers; `finish` runs when all answered or the time is over."""
        record.rebuilding = True
        record.taken_over = True
        record.scope.timer(
            "rebuilt", self._state.settings.rebuild_seconds, partial(self.finish, record)
        )
        record.unheard = self._expected()
        for seat in list(self._state.seats.values()):
            self.ask(seat, record)

    def ask(self, seat: WorkerSeat, record: JobRecord) -> None:
        """Ask one worker."""
        record.workers.add(seat.name)
        record.scope.spawn(
            f"report-{seat.name}", lambda: self._ask(seat, record), policy=Policy.ONCE
        )

    def finish(self, record: JobRecord) -> None:
        """What no worker holds, and waits for nothing, is ready."""
        if not record.rebuilding or record.closing:
            return
        record.rebuilding = False
        record.rebuilt.set()
        record.unheard.discard("")
        record.scope.cancel("rebuilt")
        self._lifecycle.start_ready(record)
        self._state.logger.bind(job=record.job_id).info(
            "taken over at fence %x: %d to go, %d running",
            record.fence,
            record.left,
            record.running,
        )

    def _expected(self) -> set[str]:
        """Workers to hear of: those registered, and those that membership shows.

        Without a membership, a manager that has just started cannot know who will come; it
        waits for the whole time, for a worker without a name.
        """
        state = self._state
        expected = set(state.seats)
        if state.membership is None:
            young = state.clock.now() - self._started_at < state.settings.rebuild_seconds
            return expected | {""} if young else expected
        for member in state.membership.members():
            here = member.role == "worker" and member.datacenter == state.datacenter
            if here and member.is_alive:
                expected.add(member.name)
        return expected

    async def _ask(self, seat: WorkerSeat, record: JobRecord) -> None:
        state = self._state
        identity = state.identity
        message = ReportWork(record.job_id, record.fence, identity.name, identity.address)
        try:
            reply = await state.pool.request(
                seat.address, message, timeout=state.settings.rebuild_seconds
            )
        except TransportError as error:
            state.logger.bind(job=record.job_id, peer=seat.name).warning(
                "no report of its work: %s", error
            )
            reply = None
        if isinstance(reply, WorkReport) and not record.closing:
            self._results.take(record, reply.results)
            self._reconcile.running(seat, reply.running)
            record.unheard.discard(seat.name)
        if not record.unheard:
            self.finish(record)
