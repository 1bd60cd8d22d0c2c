"""Large values: names that survive the way, parts that make up the whole, pages that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from distributed.jobs.values import (
    PART_BYTES,
    Reference,
    by_reference,
    pages,
    parse_reference,
    part_length,
    part_of,
    parts_in,
    size_of,
)
from distributed.messages.results import WorkflowResult


@given(some.integers(0, 10**6), some.integers(0, 10**17), some.text())
def test_a_reference_is_read_back_as_it_was_written(
    attempt: int, size: int, datacenter: str
) -> None:
    reference = Reference(attempt, size, datacenter)
    assert parse_reference(str(reference)) == reference


NO_REFERENCES = (
    "",
    "value",
    "value:1",
    "value:x:1:eu",
    "value:1:-5:eu",
    "value:1:" + "9" * 40 + ":eu",
    "file:///etc/passwd",
    "/etc/passwd",
)


@pytest.mark.parametrize("text", NO_REFERENCES)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None


@given(some.integers(0, 5 * PART_BYTES))
def test_the_parts_of_a_value_make_up_the_whole(size: int) -> None:
    """MW 38.2a-b."""
    value = bytes(size)
    parts = [part_of(value, part) for part in range(parts_in(size))]
    assert b"".join(parts) == value
    assert [len(part) for part in parts] == [part_length(size, n) for n in range(len(parts))]
    assert part_length(size, len(parts)) <= 0


def test_a_result_by_reference_names_its_value_and_carries_none() -> None:
    result = WorkflowResult("a", 3, "completed", value=b"x" * 10, datacenter="eu")
    named = by_reference(result)
    assert named.value == b""
    assert parse_reference(named.reference) == Reference(3, 10, "eu")
    assert by_reference(named) is named


@given(some.lists(some.integers(0, 300), max_size=40))
def test_pages_keep_order_and_size(sizes: list[int]) -> None:
    results = [
        WorkflowResult(f"w{n}", 1, "completed", value=bytes(size)) for n, size in enumerate(sizes)
    ]
    made = list(pages(results, max_bytes=1000))
    assert [result for page in made for result in page] == results
    assert all(len(page) == 1 or sum(map(size_of, page)) <= 1000 for page in made)
