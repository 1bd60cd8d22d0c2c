"""Rendezvous order: stable, even, and moving no more than it must."""

from __future__ import annotations

import tracemalloc
from collections import Counter

from distributed.jobs.ownership import owner, rank

GATES = [f"gate-{n}" for n in range(5)]
KEYS = [f"job-{n}" for n in range(2000)]


def test_the_order_does_not_depend_on_the_order_of_names() -> None:
    """MW 41.23c: rendezvous is stable."""
    assert all(rank(key, GATES) == rank(key, reversed(GATES)) for key in KEYS[:50])


def test_the_order_is_the_same_on_every_host() -> None:
    assert rank("job-0", ["c", "b", "a"]) == ("a", "b", "c")
    assert rank("job-3", ["c", "b", "a"]) == ("b", "a", "c")


def test_the_owner_is_the_first_in_rank() -> None:
    assert all(owner(key, GATES) == rank(key, GATES)[0] for key in KEYS[:50])


def test_nobody_owns_anything_in_an_empty_cluster() -> None:
    assert owner("job-0", []) is None


def test_a_gate_that_leaves_moves_its_own_jobs_only_and_to_the_next_in_rank() -> None:
    """MW 41.23e."""
    left = GATES[:-1]
    for key in KEYS:
        before = rank(key, GATES)
        after = owner(key, left)
        assert after == (before[1] if before[0] == GATES[-1] else before[0])


def test_jobs_spread_evenly() -> None:
    """MW 41.23d."""
    counts = Counter(owner(key, GATES) for key in KEYS)
    assert all(300 < counts[gate] < 500 for gate in GATES)


def test_a_thousand_gates_are_ranked_without_a_table_of_them() -> None:
    """GM 29.1d: there is no ring to hold; ranking leaves nothing behind, and spreads as evenly."""
    many = [f"gate-{n}" for n in range(1000)]
    owner("warm", many)
    tracemalloc.start()
    try:
        counts = Counter(owner(key, many) for key in KEYS[:60])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(counts) > 50
    assert held < 64 << 10
