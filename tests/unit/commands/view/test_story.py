"""Updates fold into one picture; stale ones change nothing."""

from __future__ import annotations

import io

from rich.console import Console

from distributed.commands.view.screen import picture
from distributed.commands.view.story import Story
from distributed.messages.submission import DatacenterProgress, JobUpdate


def workflow(sequence: int, attempt: int, state: str, done: int = 0) -> JobUpdate:
    return JobUpdate(
        sequence=sequence,
        kind="workflow",
        elapsed_seconds=float(sequence),
        workflow="w",
        attempt=attempt,
        state=state,
        done=done,
        total=10,
    )


def test_progress_of_an_older_attempt_is_ignored() -> None:
    story = Story(("w",))
    story.apply(workflow(1, 2, "running", done=3))
    story.apply(workflow(2, 1, "running", done=9))
    assert (story.workflows["w"].attempt, story.workflows["w"].done) == (2, 3)


def test_a_new_attempt_starts_from_nothing() -> None:
    story = Story(("w",))
    story.apply(workflow(1, 1, "running", done=7))
    story.apply(workflow(2, 2, "running", done=1))
    assert story.workflows["w"].done == 1


def test_progress_moves_the_bar_of_its_attempt_only() -> None:
    story = Story(("w",))
    story.apply(workflow(1, 2, "running"))
    for attempt, done in ((2, 4), (1, 9), (2, 3)):
        story.apply(
            JobUpdate(1, "progress", 1.0, state="running", running=(("w", attempt, done, 10),))
        )
    assert (story.workflows["w"].done, story.workflows["w"].total) == (4, 10)


def test_a_lost_worker_and_the_second_run_are_told() -> None:
    story = Story(("w",))
    story.apply(
        JobUpdate(
            sequence=1,
            kind="worker_lost",
            elapsed_seconds=4.0,
            workflow="w",
            attempt=1,
            state="lost",
            worker="w1",
            datacenter="north",
            reason="its process is gone",
        )
    )
    story.apply(JobUpdate(2, "retry", 4.1, state="running", workflow="w", worker="w2", attempt=2))
    told = [line.text for line in story.happenings]
    assert told == [
        "w is lost with worker w1: its process is gone",
        "w runs again on w2, attempt 2",
    ]


def test_the_picture_shows_datacenters_and_hostile_names_harmlessly() -> None:
    story = Story(("[red]\x1b[2J",))
    story.apply(
        JobUpdate(
            sequence=0,
            kind="progress",
            elapsed_seconds=1.0,
            datacenters=(
                DatacenterProgress("north", "running", 1, 0, 1, 4, reports=9, rate=3.0, p50=0.004),
            ),
        )
    )
    console = Console(file=io.StringIO(), width=140)
    console.print(picture(story, "job"))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "north" in text
    assert "4.0 ms" in text
    assert "\x1b[2J" not in text
    assert "[red]" in text
