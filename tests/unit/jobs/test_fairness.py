"""Shares between jobs and order within one, as tables."""

from __future__ import annotations

from distributed.jobs.fairness import AGE_SECONDS, FairQueue, JobLine, Ready, weight


def ready(name: str, *, cores: int = 1, priority: int = 0, since: float = 0.0) -> Ready:
    return Ready(name, cores, priority, since)


def serve(queue: FairQueue, count: int) -> list[str]:
    """Owners of the next `count` workflows."""
    order = []
    for _ in range(count):
        line = queue.next()
        if line is None:
            break
        entry = line.head()
        assert entry is not None
        queue.take(line, entry)
        order.append(str(line.owner))
    queue.end_round()
    return order


def jobs(queue: FairQueue, **counts: int) -> None:
    for owner, count in counts.items():
        line = JobLine(owner)
        for number in range(count):
            queue.push(line, ready(f"{owner}{number}"))


def test_equal_jobs_take_turns_whatever_their_size() -> None:
    """MW 4.1b, 4.3c, 43.5, 46.1, 56.1: the second job does not wait for the first to end."""
    queue = FairQueue()
    jobs(queue, a=100, b=3)
    assert serve(queue, 6).count("b") == 3


def test_a_job_that_comes_late_gets_its_share_but_no_arrears() -> None:
    queue = FairQueue()
    jobs(queue, a=100)
    serve(queue, 50)
    jobs(queue, b=50)
    served = serve(queue, 20)
    assert 9 <= served.count("b") <= 11


def test_a_priority_doubles_the_share_for_each_step() -> None:
    """MW 43.9, 59.9."""
    queue = FairQueue()
    high, low = JobLine("high"), JobLine("low")
    for number in range(100):
        queue.push(high, ready(f"h{number}", priority=2))
        queue.push(low, ready(f"l{number}"))
    served = serve(queue, 50)
    assert served.count("high") == 40
    assert "low" in served


def test_no_priority_starves_the_others() -> None:
    queue = FairQueue()
    high, low = JobLine("high"), JobLine("low")
    queue.push(low, ready("l0"))
    for number in range(1000):
        queue.push(high, ready(f"h{number}", priority=1000))
    assert "low" in serve(queue, int(weight(1000)) + 2)


def test_wide_workflows_pay_for_their_width() -> None:
    """MW 4.3a, 44.9, 46.2."""
    queue = FairQueue()
    wide, narrow = JobLine("wide"), JobLine("narrow")
    for number in range(100):
        queue.push(wide, ready(f"w{number}", cores=4))
        queue.push(narrow, ready(f"n{number}"))
    served = serve(queue, 50)
    assert served.count("narrow") == 40


def test_within_a_job_priorities_go_first_and_waiting_raises_them() -> None:
    """MW 4.1a, 4.2, 46.3."""
    line = JobLine("a")
    line.push(ready("old", priority=0, since=0.0))
    line.push(ready("new", priority=1, since=2 * AGE_SECONDS))
    line.push(ready("urgent", priority=9, since=2 * AGE_SECONDS))
    order = []
    while (entry := line.head()) is not None:
        order.append(entry.name)
        line.take(entry)
    assert order == ["urgent", "old", "new"]


def test_what_does_not_fit_is_not_in_the_way() -> None:
    line = JobLine("a")
    line.push(ready("wide", cores=4, priority=9))
    line.push(ready("narrow"))
    head = line.head(widest=2)
    assert head is not None
    assert head.name == "narrow"
    assert line.head(widest=0) is None


def test_a_discarded_workflow_never_comes_and_may_come_back() -> None:
    line = JobLine("a")
    line.push(ready("w", since=1.0))
    assert line.discard("w")
    assert not line.discard("w")
    assert line.head() is None
    line.push(ready("w", since=2.0))
    head = line.head()
    assert head is not None
    assert head.since == 2.0


def test_what_is_set_aside_comes_back_in_the_next_round_only() -> None:
    queue = FairQueue()
    jobs(queue, a=1, b=1)
    first = queue.next()
    assert first is not None
    queue.set_aside(first)
    second = queue.next()
    assert second is not None
    assert second is not first
    queue.set_aside(second)
    assert queue.next() is None
    queue.end_round()
    assert len(queue) == 2


def test_nothing_of_a_removed_job_stays() -> None:
    queue = FairQueue()
    gone, stays = JobLine("gone"), JobLine("stays")
    queue.push(gone, ready("g"))
    queue.push(stays, ready("s"))
    queue.remove(gone)
    assert serve(queue, 5) == ["stays"]
    assert len(queue) == 0


def test_what_has_no_memory_now_does_not_hold_up_the_rest_of_its_job() -> None:
    line = JobLine("j")
    line.push(Ready("large", 1, 0, 0.0, 100))
    line.push(Ready("small", 1, 0, 1.0, 10))
    first = line.head(4, 50)
    assert first is not None
    assert first.name == "small"
    line.take(first)
    assert line.head(4, 50) is None
    assert line.head(4, 100) is not None
