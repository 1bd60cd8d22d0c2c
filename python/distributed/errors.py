"""Every exception of the package, in one tree.

    ShoalError
    ├── ConfigError (ValueError)         a setting or argument cannot be used
    ├── JoinError                        no seed let us in
    ├── ClosedError                      the object was stopped before the call
    ├── ForkedError                      used in a child of the process that made it
    ├── TransportError
    │   ├── ConnectError                 nobody answered at the address
    │   ├── PeerIdentityError            the peer is not who it must be
    │   ├── FrameError                   bytes that are not our protocol
    │   ├── RequestTimeout               no reply before the deadline
    │   └── PeerRefused                  the peer answered with a refusal
    ├── JobError
    │   ├── JobRejected                  the submission cannot be accepted
    │   ├── JobGone                      no record of the job here
    │   ├── NotOwner                     another gate owns the job
    │   ├── StaleFence                   a lower epoch tried to act
    │   ├── InvalidTransition            the state table has no such edge
    │   ├── ValueNotFetched              a large value is not at hand
    │   ├── WorkflowFailed               the user's code raised
    │   └── JobFailed                    the job ended without success
    └── LedgerError
        ├── LedgerConflict               compare-and-set lost
        └── LedgerUnavailable            the database did not answer

Each carries its values as attributes; the message is one sentence that says what was
tried, on what, and what the reader can do. The native module raises these by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class ShoalError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigError(ShoalError, ValueError):
    """A setting or argument cannot be used.

    Attributes:
        field: dotted name of the setting, or "" where none applies.
        reason: why it was refused.
    """

    def __init__(self, reason: str, *, field: str = "") -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}" if field else reason)


class JoinError(ShoalError):
    """No seed let this node in.

    Attributes:
        failures: seed address to the reason it failed.
    """

    def __init__(self, failures: Mapping[str, str]) -> None:
        self.failures = dict(failures)
        listed = "; ".join(f"{seed}: {why}" for seed, why in self.failures.items())
        super().__init__(f"could not join through any of {len(self.failures)} seeds ({listed})")


class ClosedError(ShoalError):
    """The object was stopped before this call."""


class ForkedError(ShoalError):
    """A native object was used in a forked child of the process that made it."""


class TransportError(ShoalError):
    """A connection or a request on it failed.

    Attributes:
        peer: address of the other end, `host:port`.
    """

    def __init__(self, message: str, *, peer: str = "") -> None:
        self.peer = peer
        super().__init__(message)


class ConnectError(TransportError):
    """Nobody answered at the address, or the connection broke."""


class PeerIdentityError(TransportError):
    """The peer's certificate or claim does not fit what it must be."""


class FrameError(TransportError):
    """The peer sent bytes that are not our protocol.

    Attributes:
        offset: byte offset in the stream or frame at which decoding failed.
    """

    def __init__(self, message: str, *, peer: str = "", offset: int = 0) -> None:
        self.offset = offset
        super().__init__(message, peer=peer)


class RequestTimeout(TransportError):
    """No reply arrived before the request's deadline."""


class PeerRefused(TransportError):
    """The peer understood the request and refused it.

    Attributes:
        code: machine-readable reason, e.g. `overloaded`, `stale_fence`.
        field: the part of the request at fault, or "".
        retry_after_seconds: when trying again makes sense; None where it does not.
    """

    def __init__(
        self,
        code: str,
        reason: str,
        *,
        field: str = "",
        peer: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        self.code = code
        self.reason = reason
        self.field = field
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{reason} ({code})", peer=peer)


class JobError(ShoalError):
    """Something about one job.

    Attributes:
        job: the job's id, or "" before it has one.
    """

    def __init__(self, message: str, *, job: str = "") -> None:
        self.job = job
        super().__init__(message)


class JobRejected(JobError):
    """The submission cannot be accepted; nothing was stored.

    Attributes:
        code: machine-readable reason.
        field: the part of the job at fault, e.g. `workflows[2].after`, or "".
        retry_after_seconds: when trying again makes sense; None where it does not.
    """

    def __init__(
        self,
        code: str,
        reason: str,
        *,
        field: str = "",
        job: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        self.code = code
        self.reason = reason
        self.field = field
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{field}: {reason}" if field else reason, job=job)


class JobGone(JobError):
    """No record of the job is held here: it never was, or its retention ended."""

    def __init__(self, job: str) -> None:
        super().__init__(f"no job {job!r} is known (never accepted, or past retention)", job=job)


class ValueNotFetched(JobError):
    """The value of a workflow is stored with its job and not at hand here.

    Attributes:
        workflow: whose value it is.
        reason: why it is not at hand.
    """

    def __init__(self, job: str, workflow: str, reason: str) -> None:
        self.workflow = workflow
        self.reason = reason
        super().__init__(f"the value of {workflow!r} is not at hand: {reason}", job=job)


class NotOwner(JobError):
    """Another gate owns the job.

    Attributes:
        redirect: address of the owner, `host:port`.
    """

    def __init__(self, job: str, redirect: str) -> None:
        self.redirect = redirect
        super().__init__(f"job {job} is owned by the gate at {redirect}", job=job)


class StaleFence(JobError):
    """A command carried a lower epoch than one already seen.

    Attributes:
        seen: highest epoch known here.
        offered: epoch of the refused command.
    """

    def __init__(self, job: str, *, seen: int, offered: int) -> None:
        self.seen = seen
        self.offered = offered
        super().__init__(f"epoch {offered} for job {job} is stale, {seen} is in force", job=job)


class InvalidTransition(JobError):
    """The state table has no such edge.

    Attributes:
        story: the states the subject went through, oldest first.
    """

    def __init__(self, subject: str, source: str, target: str, story: tuple[str, ...] = ()) -> None:
        self.subject = subject
        self.source = source
        self.target = target
        self.story = story
        path = " -> ".join(story) or source
        super().__init__(f"{subject} cannot go from {source} to {target} (so far: {path})")


class WorkflowFailed(JobError):
    """The user's code raised, or its process died with no attempt left.

    Attributes:
        workflow: the workflow's name.
        traceback: the remote traceback as text, or "".
    """

    def __init__(self, job: str, workflow: str, reason: str, traceback: str = "") -> None:
        self.workflow = workflow
        self.reason = reason
        self.traceback = traceback
        super().__init__(f"workflow {workflow!r} failed: {reason}", job=job)


class JobFailed(JobError):
    """The job ended in a state other than completed.

    Attributes:
        state: the final state's name.
    """

    def __init__(self, job: str, state: str, reason: str) -> None:
        self.state = state
        self.reason = reason
        super().__init__(f"job {job} ended {state}: {reason}", job=job)


class LedgerError(ShoalError):
    """The ledger could not do what was asked."""


class LedgerConflict(LedgerError):
    """A compare-and-set found another owner, epoch or payload."""


class LedgerUnavailable(LedgerError):
    """The ledger's database did not answer; nothing is known to be stored."""


@contextmanager
def map_exceptions(mapping: Mapping[type[BaseException], type[ShoalError]]) -> Iterator[None]:
    """Translate foreign errors once, at the edge, keeping the cause.

    Raises:
        ShoalError: the mapped type, built from the first line of the foreign error's text.
    """
    try:
        yield
    except tuple(mapping) as error:
        for foreign, ours in mapping.items():
            if isinstance(error, foreign):
                # SQLAlchemy wraps what the driver said in statements and links.
                said = str(getattr(error, "orig", None) or error).partition("\n")[0]
                raise ours(said or type(error).__name__) from error
        raise
