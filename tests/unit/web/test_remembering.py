"""What pages remember of jobs and members is bounded; the oldest goes first."""

from __future__ import annotations

from distributed.membership.events import Joined
from distributed.web.member_watch import MOST_HAPPENINGS
from distributed.web.trails import MOST_JOBS, Trails

from .test_members import _member, _watch


def test_the_jobs_looked_at_longest_ago_are_forgotten() -> None:
    trails = Trails()
    first = trails.of("j-0")
    for number in range(1, 2 * MOST_JOBS):
        trails.of(f"j-{number}")
        assert trails.of("j-0") is first
    assert len(trails) == MOST_JOBS
    assert trails.known("j-1") is None


def test_happenings_and_states_of_members_that_are_gone_are_forgotten() -> None:
    watch, _, _ = _watch()
    for number in range(2 * MOST_HAPPENINGS):
        watch.take(Joined(_member(f"w{number}")))
    assert len(watch.happenings()) == MOST_HAPPENINGS
    assert len(watch._turns) == 1
