"""Cores are bound to dispatch ids, never exceeded, and given to the worker that fits best."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.jobs.allocation import Allocation, Standing, WorkerSlots

JOB, OTHER = object(), object()


def pool(**cores: int) -> Allocation:
    allocation = Allocation()
    for name, count in cores.items():
        allocation.workers[name] = WorkerSlots(name, "1", count)
    return allocation


def chosen(allocation: Allocation, cores: int = 1, **options: object) -> str | None:
    slots = allocation.choose(cores, JOB, **options)  # type: ignore[arg-type]
    return None if slots is None else slots.name


def test_a_dispatch_holds_its_cores_until_it_is_released() -> None:
    """MW 2.1, 2.3, 2.4."""
    slots = WorkerSlots("w", "1", 4)
    slots.bind("d1", JOB, 3)
    assert (slots.bound, slots.free) == (3, 1)
    assert slots.release("d1")
    assert (slots.bound, slots.free, len(slots)) == (0, 4, 0)


@pytest.mark.parametrize("cores", [0, -1, 5])
def test_cores_that_do_not_exist_are_refused(cores: int) -> None:
    """MW 4.3b, 2.2a, c."""
    with pytest.raises(ValueError, match="cores asked"):
        WorkerSlots("w", "1", 4).bind("d", JOB, cores)


def test_a_dispatch_id_is_bound_once_and_released_once() -> None:
    """MW 55.4, 2.2d, 47.1."""
    slots = WorkerSlots("w", "1", 4)
    slots.bind("d", JOB, 1)
    with pytest.raises(ValueError, match="already bound"):
        slots.bind("d", JOB, 1)
    assert slots.release("d")
    assert not slots.release("d")
    assert slots.bound == 0


def test_what_is_ahead_holds_no_core_until_its_turn() -> None:
    slots = WorkerSlots("w", "1", 1)
    slots.bind("d1", JOB, 1)
    second, third = slots.bind("d2", JOB, 1), slots.bind("d3", JOB, 1)
    assert (slots.bound, slots.ahead) == (1, 2)
    slots.release("d1")
    assert second.bound
    assert not third.bound
    assert (slots.bound, slots.ahead) == (1, 1)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 15), st.integers(1, 4)), max_size=60),
)
def test_bound_cores_never_exceed_cores(steps: list[tuple[bool, int, int]]) -> None:
    """MW 10.1a-c: invariant 9, over any sequence of binding and releasing."""
    slots = WorkerSlots("w", "1", 4)
    for bind, number, cores in steps:
        name = f"d{number}"
        if bind and name not in slots:
            slots.bind(name, JOB, cores)
        elif not bind:
            slots.release(name)
        assert 0 <= slots.bound <= slots.cores
        assert slots.bound == sum(b.cores for b in slots.bindings if b.bound)
        assert slots.ahead == sum(1 for b in slots.bindings if not b.bound)


def test_better_standing_goes_before_more_cores_and_a_shut_worker_is_never_chosen() -> None:
    """MW 43.2, 3.2, 5.1."""
    allocation = pool(healthy=1, busy=8, degraded=16, shut=32)
    allocation.workers["busy"].standing = Standing.BUSY
    allocation.workers["degraded"].standing = Standing.DEGRADED
    allocation.workers["shut"].standing = Standing.SHUT
    assert chosen(allocation) == "healthy"
    allocation.workers["healthy"].bind("d", JOB, 1)
    assert chosen(allocation) == "busy"
    assert chosen(allocation, 10) == "degraded"
    assert chosen(allocation, 20) is None


def test_free_cores_go_before_waiting_ahead() -> None:
    allocation = pool(a=1, b=1)
    allocation.workers["a"].bind("d", JOB, 1)
    allocation.workers["b"].standing = Standing.DEGRADED
    assert chosen(allocation, ahead=4) == "b"
    allocation.workers["b"].bind("e", JOB, 1)
    assert chosen(allocation) is None
    assert chosen(allocation, ahead=4) == "a"


def test_a_worker_to_avoid_is_taken_only_where_no_other_has_room() -> None:
    """MW 41.2b."""
    allocation = pool(a=8, b=1)
    assert chosen(allocation, avoid=("a",)) == "b"
    allocation.workers["b"].bind("d", JOB, 1)
    assert chosen(allocation, avoid=("a",)) == "a"


def test_an_exclusive_holder_shares_with_nobody_in_both_directions() -> None:
    """MW 4.1c, 4.4."""
    allocation = pool(a=2, b=2)
    allocation.workers["a"].bind("d", OTHER, 1)
    assert chosen(allocation, exclusive=True) == "b"
    allocation.workers["b"].bind("e", JOB, 1, exclusive=True)
    slots = allocation.choose(1, OTHER)
    assert slots is not None
    assert slots.name == "a"
    allocation.workers["b"].release("e")
    assert allocation.workers["b"].tenant is None


def test_a_worker_held_for_one_is_closed_to_the_rest() -> None:
    """MW 2.5c."""
    allocation = pool(a=4, b=4)
    allocation.workers["a"].bind("d1", OTHER, 3)
    allocation.workers["b"].bind("d2", OTHER, 1)
    held = allocation.hold_for(JOB, 4, exclusive=False)
    assert held is allocation.workers["b"]
    assert allocation.widest() == 1
    assert allocation.widest(JOB) == 3
    assert allocation.hold_for(OTHER, 4, exclusive=False) is None
    allocation.workers["b"].release("d2")
    assert chosen(allocation, 4) == "b"
    allocation.release_holds(JOB)
    assert allocation.widest() == 4


def test_cores_of_others_lower_what_is_free_and_never_below_zero() -> None:
    """Two managers of one worker: a hint, never a reservation."""
    slots = WorkerSlots("w", "1", 4)
    slots.foreign = 3
    assert slots.free == 1
    slots.bind("d", JOB, 2)
    assert slots.free == 0
    assert slots.bound == 2


def test_memory_is_promised_until_the_dispatch_is_over() -> None:
    slots = WorkerSlots("w", "1", 4, memory_bytes=100)
    slots.bind("d1", JOB, 1, memory_bytes=70)
    assert slots.free_memory == 30
    slots.release("d1")
    assert slots.free_memory == 100


def test_a_worker_without_the_memory_is_not_chosen_whatever_cores_it_has() -> None:
    """GM 28.1a for memory: what was promised is not promised twice."""
    allocation = Allocation()
    allocation.workers["small"] = WorkerSlots("small", "1", 8, memory_bytes=50)
    allocation.workers["large"] = WorkerSlots("large", "1", 2, memory_bytes=100)
    assert chosen(allocation, memory_bytes=80) == "large"
    allocation.workers["large"].bind("d1", OTHER, 1, memory_bytes=80)
    assert chosen(allocation, memory_bytes=80) is None
    assert chosen(allocation, memory_bytes=50) == "small"
    assert chosen(allocation) == "small"


def test_a_worker_that_does_not_say_what_it_has_takes_anything() -> None:
    allocation = pool(w=1)
    assert chosen(allocation, memory_bytes=1 << 40) == "w"
    assert allocation.could_hold(1 << 40)


def test_a_worker_is_emptied_for_memory_only_where_it_has_enough() -> None:
    allocation = Allocation()
    allocation.workers["small"] = WorkerSlots("small", "1", 8, memory_bytes=50)
    allocation.workers["large"] = WorkerSlots("large", "1", 2, memory_bytes=100)
    held = allocation.hold_for(JOB, 1, exclusive=False, memory_bytes=80)
    assert held is not None
    assert held.name == "large"
    assert not allocation.could_hold(101)
