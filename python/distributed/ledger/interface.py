"""What a gate asks of the ledger, and the values that pass between them.

Payloads are bytes: the ledger never looks inside a job, a result or an event's detail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One step of a job's story; `wall` is stamped by the ledger, for people only."""

    sequence: int
    kind: str
    detail: bytes = b""
    wall: float = 0.0


class ResultRow(msgspec.Struct, frozen=True):
    """One ended attempt; unique by (job, workflow, datacenter, attempt).

    `sequence` is its place in the job's story, shared with the events.
    """

    workflow: str
    datacenter: str
    attempt: int
    state: str
    sequence: int
    body: bytes


class ValuePart(msgspec.Struct, frozen=True):
    """One part of a value too large to lie in its result's row; parts count from 0.

    Unique by (job, workflow, datacenter, attempt, part): a repeat changes nothing.
    """

    workflow: str
    datacenter: str
    attempt: int
    part: int
    body: bytes


class Placed(msgspec.Struct, frozen=True):
    """Which manager runs which workflows of a job in one datacenter.

    `state` is open, finished, failed or dropped (a fallback took its place). A
    `manager_epoch` above 0 without a manager says that some manager there may have it.
    """

    datacenter: str
    manager: str
    manager_epoch: int
    state: str
    workflows: bytes = b""


class WorkflowRow(msgspec.Struct, frozen=True):
    """A fact about one workflow that a takeover must know: cancelled, or attempts spent."""

    workflow: str
    state: str
    attempt: int = 0
    reason: str = ""


class NewJob(msgspec.Struct, frozen=True):
    """A submission to accept: owner and epoch go in with it.

    `epoch` is above 1 where an earlier try may have sent work out and was not stored; `trace`
    is the `traceparent` that the job belongs to, "" where nobody traces. `placed` says where
    the job is to go: work is sent to no other place before the ledger knows that one.
    """

    job_id: str
    key: str
    digest: bytes
    name: str
    owner: str
    payload: bytes
    detail: bytes = b""
    epoch: int = 1
    trace: str = ""
    placed: tuple[Placed, ...] = ()


class Created(msgspec.Struct, frozen=True):
    """The job under the submission's key; `duplicate` where it was there before."""

    job_id: str
    owner: str
    epoch: int
    duplicate: bool
    state: str = "submitted"


class JobWrite(msgspec.Struct, frozen=True):
    """Everything one step adds to a job, in one transaction, if (owner, epoch) still holds.

    `state` "" leaves the state; `ended` closes the job and frees its lease;
    `cancel_reason` not None records that a cancellation was ordered; `logs` not empty is
    kept with the job; `tidy` with the end drops parts of values that no result stands for.
    """

    job_id: str
    owner: str
    epoch: int
    state: str = ""
    reason: str = ""
    events: tuple[Event, ...] = ()
    results: tuple[ResultRow, ...] = ()
    placed: tuple[Placed, ...] = ()
    workflows: tuple[WorkflowRow, ...] = ()
    cancel_reason: str | None = None
    ended: bool = False
    summary: bytes = b""
    parts: tuple[ValuePart, ...] = ()
    logs: bytes = b""
    tidy: bool = False


class Lease(msgspec.Struct, frozen=True):
    """The right to act for a job: valid while no higher epoch exists."""

    job_id: str
    owner: str
    epoch: int


class Orphan(msgspec.Struct, frozen=True):
    """An open job whose owner's lease has run out, for that long."""

    job_id: str
    owner: str
    epoch: int
    expired_seconds: float


class JobRow(msgspec.Struct, frozen=True):
    """One line about a job. `age_seconds` counts from acceptance by the ledger's clock."""

    job_id: str
    name: str
    state: str
    reason: str
    owner: str
    epoch: int
    age_seconds: float
    elapsed_seconds: float | None


class StoredJob(msgspec.Struct, frozen=True):
    """All that the ledger holds of one job except its events."""

    row: JobRow
    key: str
    digest: bytes
    payload: bytes
    sequence: int
    cancel_reason: str | None
    summary: bytes
    placed: tuple[Placed, ...]
    workflows: tuple[WorkflowRow, ...]
    stored_bytes: int = 0
    """Of the values that lie in parts."""
    trace: str = ""


class Ledger(Protocol):
    """Durable truth about jobs; every write is acknowledged only when durable."""

    @property
    def available(self) -> bool:
        """Whether the last attempt to reach the database succeeded."""
        ...

    async def start(self) -> None:
        """Open the database and bring its schema up to date.

        Raises:
            LedgerUnavailable: it cannot be reached.
            ConfigError: its schema is newer than this version knows.
        """
        ...

    async def serve(self) -> None:
        """Commit what is queued until `close`; the owner runs it as a supervised task."""
        ...

    def finish(self) -> None:
        """Take nothing more; `serve` commits what is queued and returns."""
        ...

    async def close(self) -> None:
        """Fail what is still queued and let go of the database."""
        ...

    def create(self, new: NewJob) -> asyncio.Future[Created]:
        """Accept a job, or find the one its key already stands for; done when durable.

        Raises (through the future):
            LedgerConflict: the key stands for another payload, or the id for another key.
            LedgerUnavailable: nothing is known to be stored; trying again is safe.
        """
        ...

    def record(
        self, write: JobWrite, durable: Callable[[], object] | None = None
    ) -> asyncio.Future[None]:
        """Add to a job's story; done when durable, however long an outage lasts.

        Writes of one job take effect in the order of the calls. `durable` is called once it is,
        before whatever waits for the future; it must not raise.

        Raises (through the future):
            LedgerConflict: another (owner, epoch) holds the job, or it has ended.
            ClosedError: the ledger closed first.
        """
        ...

    async def renew(self, owner: str, instance: str, lease_seconds: float) -> None:
        """Extend every lease of `owner` at once.

        Raises:
            LedgerUnavailable: the leases run out unless a later call succeeds.
        """
        ...

    async def release(self, owner: str, instance: str) -> None:
        """Let every lease of `owner` run out now: a graceful goodbye."""
        ...

    async def acquire(self, job_id: str, owner: str, epoch: int, *, force: bool = False) -> Lease:
        """Take a job over from `epoch`, whose holder's lease ran out, as `epoch + 1`.

        `force` skips the test of expiry: for a holder known dead, or one that hands over.

        Raises:
            LedgerConflict: the epoch is not `epoch` any more, or its lease still runs.
            LedgerUnavailable: nothing is known.
        """
        ...

    async def orphans(self, limit: int = 1000) -> tuple[Orphan, ...]:
        """Open jobs whose owner's lease has run out, longest first."""
        ...

    async def owned(self, owner: str) -> tuple[Lease, ...]:
        """Open jobs that `owner` holds, lapsed or not."""
        ...

    async def lease(self, job_id: str) -> Lease | None:
        """Who holds an open job; None where it has ended or never was."""
        ...

    async def exists(self, job_id: str) -> bool:
        """Whether a job of that id is known, open or ended."""
        ...

    async def head(self, job_id: str) -> StoredJob | None:
        """One job without its story and its results; None where it is not known."""
        ...

    async def find(self, prefix: str) -> tuple[str, ...]:
        """Ids that start with `prefix`, at most a few: for people who type."""
        ...

    async def list_jobs(
        self, *, states: Sequence[str] = (), name: str = "", limit: int = 100, before: str = ""
    ) -> tuple[JobRow, ...]:
        """Jobs newest first, those older than the job `before` where it is given."""
        ...

    async def events(self, job_id: str, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """Events of a job with a sequence over `after`."""
        ...

    async def results(
        self, job_id: str, *, after: int = 0, limit: int = 1000
    ) -> tuple[ResultRow, ...]:
        """Results of a job with a sequence over `after`."""
        ...

    async def outline(self, job_id: str) -> tuple[ResultRow, ...]:
        """Every result of a job in sequence, bodies left out."""
        ...

    async def bodies(self, job_id: str, sequences: Sequence[int]) -> dict[int, bytes]:
        """Bodies of a few results by sequence."""
        ...

    async def result(
        self, job_id: str, workflow: str, datacenter: str, attempt: int
    ) -> bytes | None:
        """The body of one result; None where it is not stored."""
        ...

    async def value_part(
        self, job_id: str, workflow: str, datacenter: str, attempt: int, part: int
    ) -> bytes | None:
        """One part of a value; None where it is not stored."""
        ...

    async def logs(self, job_id: str) -> bytes:
        """What was kept of an ended job's captured output; empty where nothing was."""
        ...

    async def sweep(
        self, *, keep_seconds: float, keep_count: int, key_seconds: float, limit: int = 1000
    ) -> tuple[str, ...]:
        """Forget ended jobs past age or count, and keys past theirs; the ids forgotten."""
        ...
