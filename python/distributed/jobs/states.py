"""The life of a job and of a workflow: two tables, and the only way to move along them.

    job:       submitted -> routed -> dispatched -> running -> completed | failed
                                                               | cancelled | timed_out
    workflow:  pending -> ready -> assigned -> running -> completed | failed
                            ^          |           |      | cancelled | timed_out
                            |          v           v
                            +-------- lost <-------+

A final state has no edge out of it. An assignment that a worker refuses goes back to ready
without having cost an attempt; one that is lost costs the attempt it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from distributed.errors import InvalidTransition
from distributed.types import JobState, WorkflowState

_JOB_ENDS = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED, JobState.TIMED_OUT})
_CUT_SHORT = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.TIMED_OUT})

JOB_EDGES: Mapping[JobState, frozenset[JobState]] = {
    JobState.SUBMITTED: _CUT_SHORT | {JobState.ROUTED},
    JobState.ROUTED: _CUT_SHORT | {JobState.DISPATCHED},
    JobState.DISPATCHED: _JOB_ENDS | {JobState.RUNNING},
    JobState.RUNNING: _JOB_ENDS,
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
    JobState.TIMED_OUT: frozenset(),
}

_W_ENDS = frozenset(
    {
        WorkflowState.COMPLETED,
        WorkflowState.FAILED,
        WorkflowState.CANCELLED,
        WorkflowState.TIMED_OUT,
    }
)
_W_CUT_SHORT = frozenset({WorkflowState.FAILED, WorkflowState.CANCELLED, WorkflowState.TIMED_OUT})

WORKFLOW_EDGES: Mapping[WorkflowState, frozenset[WorkflowState]] = {
    WorkflowState.PENDING: _W_CUT_SHORT | {WorkflowState.READY},
    WorkflowState.READY: _W_CUT_SHORT | {WorkflowState.ASSIGNED},
    WorkflowState.ASSIGNED: _W_ENDS
    | {WorkflowState.READY, WorkflowState.RUNNING, WorkflowState.LOST},
    WorkflowState.RUNNING: _W_ENDS | {WorkflowState.LOST},
    WorkflowState.LOST: _W_CUT_SHORT | {WorkflowState.READY},
    WorkflowState.COMPLETED: frozenset(),
    WorkflowState.FAILED: frozenset(),
    WorkflowState.CANCELLED: frozenset(),
    WorkflowState.TIMED_OUT: frozenset(),
}

STORY_LIMIT = 16
"""States a story remembers; the first one always stays."""

S = TypeVar("S", bound=StrEnum)


class Story(Generic[S]):
    """Where one subject is and how it came there; moves only along its table.

    Args:
        subject: what the story is about, for errors: `job j-1`, `workflow fetch`.
        state: where it starts.
        edges: the table that rules it.
    """

    __slots__ = ("_edges", "_path", "_subject", "state")

    def __init__(self, subject: str, state: S, edges: Mapping[S, frozenset[S]]) -> None:
        self._subject = subject
        self._edges = edges
        self._path: tuple[S, ...] = (state,)
        self.state: S = state

    @property
    def path(self) -> tuple[str, ...]:
        """States gone through, oldest first, at most `STORY_LIMIT` of them."""
        return tuple(step.value for step in self._path)

    def can_become(self, target: S) -> bool:
        """Whether the table has an edge to `target` from here."""
        return target in self._edges[self.state]

    def advance(self, target: S) -> None:
        """Move to `target`.

        Raises:
            InvalidTransition: the table has no such edge; carries the path so far.
        """
        if target not in self._edges[self.state]:
            raise InvalidTransition(self._subject, self.state.value, target.value, self.path)
        path = self._path
        if len(path) >= STORY_LIMIT:
            path = (path[0], *path[2:])
        self._path = (*path, target)
        self.state = target


def job_story(job_id: str, state: JobState = JobState.SUBMITTED) -> Story[JobState]:
    """The story of one job, from its acceptance or from where the ledger says it is."""
    return Story(f"job {job_id}", state, JOB_EDGES)


def workflow_story(name: str, state: WorkflowState = WorkflowState.PENDING) -> Story[WorkflowState]:
    """The story of one workflow."""
    return Story(f"workflow {name}", state, WORKFLOW_EDGES)


def check_workflow(name: str, source: WorkflowState, target: WorkflowState) -> WorkflowState:
    """`target` if the table has the edge; for holders that keep no story of their own.

    Raises:
        InvalidTransition: the table has no such edge.
    """
    if target not in WORKFLOW_EDGES[source]:
        raise InvalidTransition(f"workflow {name}", source.value, target.value, (source.value,))
    return target
