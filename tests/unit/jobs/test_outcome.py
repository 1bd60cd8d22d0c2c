"""One answer out of many: the rules of `distributed.jobs.outcome`, one by one."""

from __future__ import annotations

from itertools import permutations

from distributed.jobs.outcome import answers, better, expected, judge
from distributed.messages.job import Job, Placement, Workflow
from distributed.messages.results import WorkflowResult
from distributed.types import JobState


def job(*names: str, **placement: object) -> Job:
    return Job(
        name="j",
        workflows=tuple(Workflow(name=name, run="m:f") for name in names),
        placement=Placement(**placement),  # type: ignore[arg-type]
    )


def result(
    workflow: str, dc: str = "eu", state: str = "completed", attempt: int = 1
) -> WorkflowResult:
    error = "" if state == "completed" else "boom"
    return WorkflowResult(workflow, attempt, state, datacenter=dc, error=error)


def test_a_completed_attempt_beats_any_other_in_every_order() -> None:
    """GM 9.4b, 22.3b, Q7: conflicting results are resolved by rule, whatever their order."""
    offers = [
        result("a", state="failed", attempt=1),
        result("a", attempt=2),
        result("a", attempt=3),
        result("a", state="timed_out", attempt=4),
    ]
    for order in permutations(offers):
        held = None
        for offer in order:
            held = better(held, offer)
        assert held == offers[1]


def test_of_two_failures_the_later_attempt_tells_why() -> None:
    early, late = result("a", state="failed"), result("a", state="lost", attempt=2)
    assert better(early, late) is late
    assert better(late, early) is late


def test_a_split_job_completes_when_every_workflow_did() -> None:
    placed = {"eu": ("a",), "us": ("b",)}
    outcome = judge(job("a", "b"), placed, [result("a"), result("b", "us")])
    assert outcome.state is JobState.COMPLETED
    assert outcome.missing == ()


def test_one_failed_workflow_fails_a_split_job_and_says_which() -> None:
    outcome = judge(job("a", "b"), {"eu": ()}, [result("a"), result("b", state="failed")])
    assert outcome.state is JobState.FAILED
    assert outcome.reason == "workflow 'b' failed: boom"


def test_what_has_no_result_is_listed_with_the_reason() -> None:
    """GM 4 of the invariants: what ran equals what was asked for, or the job says."""
    gaps = {"b": "waits for 'a', which failed"}
    outcome = judge(job("a", "b"), {"eu": ()}, [result("a", state="failed")], gaps=gaps)
    assert outcome.state is JobState.FAILED
    assert outcome.missing == (("b", "waits for 'a', which failed"),)


def test_replicas_need_all_datacenters_unless_told_otherwise() -> None:
    placed = {"eu": (), "us": ()}
    results = [result("a"), result("a", "us", "failed")]
    assert judge(job("a", mode="replicate", count=2), placed, results).state is JobState.FAILED


def test_a_minimum_of_datacenters_is_enough_and_the_rest_is_told() -> None:
    """GM 41.8d, 10.2b: min_success makes a partial success."""
    asked = job("a", mode="replicate", count=2, min_success=1)
    outcome = judge(asked, {"eu": (), "us": ()}, [result("a"), result("a", "us", "failed")])
    assert outcome.state is JobState.COMPLETED
    assert "1 of 2 datacenters" in outcome.reason
    assert "us" in outcome.reason


def test_a_datacenter_that_could_not_be_found_is_missing_and_counts() -> None:
    """Invariant 4: three were asked for."""
    asked = job("a", mode="replicate", count=3)
    outcome = judge(asked, {"eu": (), "us": ()}, [result("a"), result("a", "us")])
    assert outcome.state is JobState.FAILED
    assert outcome.missing == (("datacenter 3 of 3", "no other datacenter could take the job"),)
    enough = job("a", mode="replicate", count=3, min_success=2)
    outcome = judge(enough, {"eu": (), "us": ()}, [result("a"), result("a", "us")])
    assert outcome.state is JobState.COMPLETED
    assert len(outcome.missing) == 1


def test_a_silent_datacenter_is_missing_by_name() -> None:
    """GM 22.3c: a silent datacenter makes the answer partial, and named."""
    outcome = judge(job("a", mode="replicate"), {"eu": (), "us": ()}, [result("a")])
    assert outcome.missing == (("a@us", "no result was reported"),)


def test_what_the_owner_ordered_first_wins_over_completion() -> None:
    """GM 41.25a: cancel beats completion; results recorded before it stay countable."""
    outcome = judge(
        job("a", "b"),
        {"eu": ()},
        [result("a"), result("b")],
        ordered=JobState.CANCELLED,
        ordered_reason="asked by the client",
    )
    assert outcome.state is JobState.CANCELLED
    assert outcome.missing == ()


def test_a_job_that_was_never_placed_misses_everything() -> None:
    outcome = judge(job("a"), {}, [], ordered=JobState.FAILED, ordered_reason="no datacenter")
    assert outcome.missing == (("a", "did not end before the job was failed: no datacenter"),)


def test_expected_pairs_follow_the_placement() -> None:
    """GM 9.1b: the ids that are waited for are known."""
    asked = job("a", "b")
    assert expected(asked, {"eu": ("b",), "us": ()}) == (("b", "eu"), ("a", "us"), ("b", "us"))


def test_a_part_that_moved_answers_once() -> None:
    """GM Q7: the datacenter that was given up answers too, and changes nothing."""
    offers = [
        result("a", state="cancelled"),
        result("b"),
        result("a", "us"),
        result("b", "us"),
    ]
    assert answers(job("a", "b"), offers) == (offers[1], offers[2])
    assert answers(job("a", "b", mode="replicate", count=2), offers) == tuple(offers)
