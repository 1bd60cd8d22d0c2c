"""What jobs really paid: learnt, weighed by trust, and forgotten with age."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.messages.job import Workflow
from distributed.routing.candidate import Candidate
from distributed.routing.dispatch_times import DispatchTimes, Sample, critical_path_seconds
from distributed.routing.observed import ObservedLatency, ObservedRules
from distributed.routing.request import RouteRequest
from distributed.routing.router import Router

from .builders import facts


def sample(seconds: float, sent_at: float = 0.0, *, failed: bool = False) -> Sample:
    return Sample(datacenter="a", seconds=seconds, sent_at=sent_at, failed=failed)


def latency_at(now: float, *, confidence: float = 1.0, observed: float = 1.0) -> float:
    known = facts("a", 0.1, overhead_seconds=observed, confidence=confidence, observed_at=0.0)
    view = Router().decide(RouteRequest(), [Candidate(known)], now).explain()
    return view.candidates[0].latency_seconds or 0.0


def test_execution_time_is_no_part_of_the_overhead() -> None:
    """GM 1.2c, 1.2d: a datacenter that runs one-minute jobs is not a minute away."""
    times = DispatchTimes()
    times.sent("a", 10.0)
    assert times.accepted("a", 10.05) == pytest.approx(0.05)
    done = times.finished("a", 70.1, execution_seconds=60.0)
    assert done is not None
    assert done.seconds == pytest.approx(0.1)


def test_a_wait_that_was_predicted_is_not_charged_twice() -> None:
    times = DispatchTimes()
    times.sent("a", 0.0, expected_wait_seconds=20.0)
    done = times.finished("a", 25.0, execution_seconds=4.0)
    assert done is not None
    assert done.seconds == pytest.approx(1.0)


def test_a_wait_that_was_overestimated_does_not_make_the_way_look_short() -> None:
    times = DispatchTimes()
    times.sent("a", 0.0, expected_wait_seconds=20.0)
    times.accepted("a", 0.08)
    done = times.finished("a", 5.0, execution_seconds=4.0)
    assert done is not None
    assert done.seconds == pytest.approx(0.08)


def test_a_repeat_teaches_nothing() -> None:
    times = DispatchTimes()
    times.sent("a", 0.0)
    assert times.finished("a", 1.0, 0.5) is not None
    assert times.finished("a", 2.0, 0.5) is None
    assert times.failed("a", 2.0) is None
    assert times.accepted("a", 2.0) is None
    assert len(times) == 0


def test_a_cancelled_dispatch_teaches_nothing() -> None:
    times = DispatchTimes()
    times.sent("a", 0.0)
    times.abandoned("a")
    assert times.finished("a", 1.0, 0.5) is None


def test_confidence_grows_with_samples() -> None:
    """GM 1.2f, 19.2a, 41.7b."""
    observed = ObservedLatency()
    found = []
    for number in range(12):
        observed.record(sample(0.1), float(number) / 100)
        known = observed.of("a")
        assert known is not None
        found.append(known.confidence)
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.1)
    assert found[-1] == 1.0


def test_without_samples_the_coordinates_decide() -> None:
    """GM 1.2f, 41.7a, 41.14c."""
    assert latency_at(0.0, confidence=0.0) == pytest.approx(0.15)


def test_trust_decays_with_age_to_the_prediction() -> None:
    """GM 1.2b, 1.2e, 19.2b, 41.7c."""
    found = [latency_at(now) for now in (0.0, 15.0, 30.0, 60.0, 4000.0)]
    assert found == pytest.approx([1.0, 0.7875, 0.575, 0.15, 0.15])


def test_old_samples_do_not_lend_their_number_to_a_new_one() -> None:
    observed = ObservedLatency()
    for number in range(50):
        observed.record(sample(0.1), float(number))
    observed.record(sample(9.0, 1000.0), 1000.0)
    known = observed.of("a")
    assert known is not None
    assert known.overhead_seconds == pytest.approx(9.0)
    assert known.confidence == pytest.approx(0.1)


def test_a_failure_is_a_penalty_sample() -> None:
    rules = ObservedRules(failure_seconds=5.0)
    observed = ObservedLatency(rules)
    observed.record(sample(0.1), 0.0)
    observed.record(sample(0.1, failed=True), 0.0)
    known = observed.of("a")
    assert known is not None
    assert known.overhead_seconds == pytest.approx(0.1)
    assert (known.failure_seconds, known.failed_at) == (pytest.approx(1.0), 0.0)


def test_a_datacenter_that_failed_is_tried_again_once_the_penalty_has_faded() -> None:
    failed = facts("a", 0.1, failure_seconds=1.0, failed_at=0.0)
    found = []
    for now in (0.0, 15.0, 30.0, 45.0):
        view = Router().decide(RouteRequest(), [Candidate(failed)], now).explain()
        found.append(view.candidates[0].latency_seconds)
    assert found == pytest.approx([1.15, 0.65, 0.15, 0.15])


def test_successes_outweigh_a_failure() -> None:
    observed = ObservedLatency()
    observed.record(sample(0.1, failed=True), 0.0)
    for _ in range(30):
        observed.record(sample(0.1), 1.0)
    known = observed.of("a")
    assert known is not None
    assert known.failure_seconds == 0.0


def test_what_an_outage_taught_is_forgotten_with_it() -> None:
    """GM 41.7d: a late sample of a dispatch from before the recovery overrides nothing."""
    observed = ObservedLatency()
    observed.record(sample(0.5, failed=True), 1.0)
    observed.recovered("a", 10.0)
    assert observed.of("a") is None
    observed.record(sample(30.0, sent_at=5.0, failed=True), 12.0)
    observed.record(sample(30.0, sent_at=5.0), 12.0)
    assert observed.of("a") is None
    observed.record(sample(0.2, sent_at=11.0), 13.0)
    known = observed.of("a")
    assert known is not None
    assert known.overhead_seconds == pytest.approx(0.2)


def test_the_table_is_bounded_and_swept() -> None:
    """GM 19.2c: latencies are kept of so many datacenters and so long."""
    observed = ObservedLatency(ObservedRules(max_datacenters=3))
    for number in range(9):
        name = f"dc-{number}"
        observed.record(Sample(datacenter=name, seconds=0.1, sent_at=0.0), float(number))
    assert len(observed) == 3
    observed.sweep(1000.0)
    assert len(observed) == 0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.booleans(), st.floats(0, 100)), min_size=1))
def test_the_mean_stays_within_its_bounds(samples: list[tuple[float, bool, float]]) -> None:
    observed = ObservedLatency()
    now = 0.0
    for seconds, failed, step in samples:
        now += step
        observed.record(sample(seconds, failed=failed), now)
    known = observed.of("a")
    assert known is not None
    assert 0.0 <= (known.overhead_seconds or 0.0) <= 60.0 + 1e-9
    assert 0.0 <= known.confidence <= 1.0
    assert 0.0 <= known.failure_seconds <= 5.0


def test_the_critical_path_is_the_longest_chain() -> None:
    flows = [
        Workflow(name="a"),
        Workflow(name="b", after=("a",)),
        Workflow(name="c"),
        Workflow(name="d", after=("b", "c", "elsewhere")),
    ]
    run = {"a": 1.0, "b": 2.0, "c": 10.0, "d": 0.5}
    assert critical_path_seconds(flows, run) == pytest.approx(10.5)
    assert critical_path_seconds([], {}) == 0.0
