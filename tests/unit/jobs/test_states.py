"""The two transition tables, edge by edge."""

from __future__ import annotations

import itertools

import pytest

from distributed.errors import InvalidTransition
from distributed.jobs.states import (
    JOB_EDGES,
    STORY_LIMIT,
    WORKFLOW_EDGES,
    check_workflow,
    job_story,
    workflow_story,
)
from distributed.types import JobState, WorkflowState


def test_every_state_has_a_row() -> None:
    assert set(JOB_EDGES) == set(JobState)
    assert set(WORKFLOW_EDGES) == set(WorkflowState)


def test_final_states_stay_final() -> None:
    """MW 7.2: terminal states stay."""
    assert all(not JOB_EDGES[state] for state in JobState if state.final)
    assert all(not WORKFLOW_EDGES[state] for state in WorkflowState if state.final)


def test_a_job_lives_through_the_states_of_the_design() -> None:
    story = job_story("j-1")
    for state in (JobState.ROUTED, JobState.DISPATCHED, JobState.RUNNING, JobState.COMPLETED):
        story.advance(state)
    assert story.path == ("submitted", "routed", "dispatched", "running", "completed")


def test_a_lost_workflow_is_ready_again() -> None:
    story = workflow_story("fetch")
    for state in ("ready", "assigned", "running", "lost", "ready", "assigned", "completed"):
        story.advance(WorkflowState(state))
    assert story.state is WorkflowState.COMPLETED


@pytest.mark.parametrize(("source", "target"), list(itertools.product(JobState, JobState)))
def test_a_job_moves_only_along_its_table(source: JobState, target: JobState) -> None:
    story = job_story("j-1", source)
    if target in JOB_EDGES[source]:
        story.advance(target)
        assert story.state is target
        return
    with pytest.raises(InvalidTransition) as caught:
        story.advance(target)
    assert story.state is source
    assert (caught.value.source, caught.value.target) == (source.value, target.value)


@pytest.mark.parametrize(
    ("source", "target"), list(itertools.product(WorkflowState, WorkflowState))
)
def test_a_workflow_moves_only_along_its_table(
    source: WorkflowState, target: WorkflowState
) -> None:
    """MW 7.1."""
    if target in WORKFLOW_EDGES[source]:
        assert check_workflow("w", source, target) is target
        return
    with pytest.raises(InvalidTransition):
        check_workflow("w", source, target)


def test_a_refusal_tells_the_whole_story() -> None:
    """MW 7.3a-b."""
    story = job_story("j-1")
    story.advance(JobState.CANCELLED)
    with pytest.raises(InvalidTransition, match=r"submitted -> cancelled") as caught:
        story.advance(JobState.COMPLETED)
    assert caught.value.story == ("submitted", "cancelled")


def test_a_story_is_bounded_and_keeps_its_start() -> None:
    story = workflow_story("flap")
    for _ in range(3 * STORY_LIMIT):
        for state in ("ready", "assigned", "lost"):
            story.advance(WorkflowState(state))
    assert len(story.path) == STORY_LIMIT
    assert story.path[0] == "pending"
    assert story.path[-1] == "lost"
