"""The sketch as Python sees it: exact merging, bounded error, refusals that change nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.stats.sketch import LatencySketch, merged, percentiles

durations = st.lists(st.floats(min_value=1e-5, max_value=1e4), max_size=50)


def sketch_of(values: list[float]) -> LatencySketch:
    sketch = LatencySketch()
    sketch.add_many(values)
    return sketch


def test_an_empty_sketch_has_no_percentiles() -> None:
    assert percentiles(LatencySketch()) == (None, None, None)
    assert not LatencySketch()


@given(durations, durations, durations)
def test_merging_is_order_free(a: list[float], b: list[float], c: list[float]) -> None:
    """GM 41.29e."""
    parts = [sketch_of(values).to_bytes() for values in (a, b, c)]
    whole = sketch_of(a + b + c)
    assert merged(parts).to_bytes() == merged(reversed(parts)).to_bytes() == whole.to_bytes()


@given(durations.filter(bool))
def test_the_median_is_within_one_percent(values: list[float]) -> None:
    """MW 57.8, 34.1a-b."""
    expected = sorted(values)[(len(values) - 1) // 2]
    found = sketch_of(values).quantile(0.5)
    assert found == pytest.approx(expected, rel=0.0101)


def test_a_sketch_is_as_large_as_the_range_of_its_values_and_not_as_their_number() -> None:
    """GM 29.3a-b: so is what merging and sending it costs."""
    values = [1e-4 * 1.001**n for n in range(9000)]
    once, often = sketch_of(values), sketch_of(values * 100)
    assert often.count == 900_000
    size = len(once.to_bytes())
    assert len(often.to_bytes()) <= 3 * size
    assert size < 8 << 10
    assert len(merged([once.to_bytes(), often.to_bytes()]).to_bytes()) <= 3 * size


@pytest.mark.parametrize("values", [[0.2], [0.1, 0.2], [0.1] * 9 + [0.2]])
def test_the_tail_of_a_few_samples_is_one_of_them(values: list[float]) -> None:
    """MW 34.4d: no percentile is invented between samples that are not there."""
    p50, p95, p99 = percentiles(sketch_of(values))
    assert p50 is not None
    assert p95 is not None
    assert p99 is not None
    assert p50 <= p95 <= p99
    for found in (p50, p95, p99):
        assert any(found == pytest.approx(value, rel=0.0101) for value in values)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_what_is_no_duration_is_refused_and_changes_nothing(value: float) -> None:
    sketch = sketch_of([0.5])
    with pytest.raises(ValueError, match="not a duration"):
        sketch.add_many([1.0, value])
    assert sketch.count == 1


@pytest.mark.parametrize("data", [b"", b"\x09", b"\x01\x05", b"\x00" * 100_000])
def test_bytes_that_no_sketch_wrote_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="sketch"):
        LatencySketch.from_bytes(data)


def test_a_quantile_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="outside 0 to 1"):
        sketch_of([1.0]).quantile(1.5)
