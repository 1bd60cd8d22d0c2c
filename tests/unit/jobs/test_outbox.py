"""A result stays until it is recorded, whatever happens to its delivery."""

from __future__ import annotations

from distributed.jobs.fence import fence
from distributed.jobs.outbox import Outbox
from distributed.messages.results import WorkflowResult


def result(name: str, attempt: int = 1) -> WorkflowResult:
    return WorkflowResult(name, attempt, "completed")


def names(results: tuple[WorkflowResult, ...]) -> list[str]:
    return [item.workflow for item in results]


def test_oldest_first_in_bounded_batches() -> None:
    outbox = Outbox(10.0)
    for name in "abc":
        outbox.put(result(name))
    assert names(outbox.due(0.0, 2)) == ["a", "b"]


def test_what_was_sent_is_kept_and_due_again_when_its_answer_stays_out() -> None:
    """MW 57.5, GM 9.4a, MW 22.2a."""
    outbox = Outbox(10.0)
    outbox.put(result("a"))
    outbox.sent(outbox.due(0.0, 9), 0.0)
    assert len(outbox) == 1
    assert outbox.due(9.9, 9) == ()
    assert outbox.next_due() == 10.0
    assert names(outbox.due(10.0, 9)) == ["a"]


def test_only_recording_removes() -> None:
    """MW 55.4."""
    outbox = Outbox(10.0)
    outbox.put(result("a"))
    outbox.put(result("a", attempt=2))
    outbox.sent(outbox.due(0.0, 1), 0.0)
    assert outbox.recorded([("a", 1), ("unknown", 1)]) == 1
    assert ("a", 2) in outbox
    assert outbox.recorded([("a", 2)]) == 1
    assert outbox.next_due() is None


def test_a_second_result_of_the_same_attempt_is_not_news() -> None:
    """MW 54.3, 22.2c, 51.1."""
    outbox = Outbox(10.0)
    outbox.put(result("a"))
    outbox.put(result("a"))
    assert len(outbox) == 1


def test_a_new_receiver_is_told_everything_in_order() -> None:
    outbox = Outbox(10.0)
    for name in "ab":
        outbox.put(result(name))
    outbox.sent(outbox.due(0.0, 1), 0.0)
    outbox.resend_all()
    assert names(outbox.due(0.0, 9)) == ["a", "b"]


def test_the_gates_epoch_counts_before_the_managers() -> None:
    """Invariant 2: one fence domain."""
    assert fence(2, 0) > fence(1, 5) > fence(1, 4)


def test_a_batch_is_bounded_in_bytes_and_never_empty() -> None:
    """MW 10.2, 54.4: one large result travels alone, many small ones together."""
    outbox = Outbox(10.0)
    outbox.put(WorkflowResult("huge", 1, "completed", value=b"x" * 5000))
    for name in "abc":
        outbox.put(WorkflowResult(name, 1, "completed", value=b"x" * 100))
    assert names(outbox.due(0.0, 9, max_bytes=1000)) == ["huge"]
    outbox.sent(outbox.due(0.0, 1), 0.0)
    assert names(outbox.due(0.0, 9, max_bytes=1000)) == ["a", "b"]
    assert names(outbox.some(max_bytes=6000)) == ["huge", "a", "b"]


def test_the_bytes_kept_are_known_and_go_with_the_results() -> None:
    outbox = Outbox(10.0)
    outbox.put(WorkflowResult("a", 1, "completed", value=b"x" * 100))
    outbox.put(WorkflowResult("a", 1, "completed", value=b"x" * 100))
    outbox.put(WorkflowResult("b", 1, "completed"))
    outbox.sent(outbox.due(0.0, 1), 0.0)
    assert outbox.bytes > 100
    outbox.recorded([("a", 1), ("b", 1)])
    assert outbox.bytes == 0
