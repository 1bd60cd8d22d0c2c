"""Counts reach the text format with their node's labels, and never without bound."""

from __future__ import annotations

import re

import pytest

from distributed.telemetry.metrics import CountingMetrics, PrometheusMetrics, Reading


def made(**options: int) -> PrometheusMetrics:
    return PrometheusMetrics({"node": "gate-1", "role": "gate"}, **options)


def test_counters_gauges_and_durations_are_exposed() -> None:
    """MW 39.2c."""
    metrics = made()
    metrics.count("jobs_accepted")
    metrics.count("jobs_accepted", 2)
    metrics.count("jobs_ended", state="failed")
    metrics.gauge("jobs_open", 4)
    metrics.observe("job_seconds", 0.002)
    metrics.read_at_scrape(lambda: [Reading("membership_probes", 7.0)])
    text = metrics.exposition().decode()
    assert 'shoal_jobs_accepted_total{node="gate-1",role="gate"} 3.0' in text
    assert 'shoal_jobs_ended_total{node="gate-1",role="gate",state="failed"} 1.0' in text
    assert 'shoal_jobs_open{node="gate-1",role="gate"} 4.0' in text
    assert 'shoal_job_seconds_bucket{le="0.005",node="gate-1",role="gate"} 1.0' in text
    assert 'shoal_membership_probes_total{node="gate-1",role="gate"} 7.0' in text
    assert "# HELP shoal_jobs_accepted_total Jobs made durable by this gate." in text


def test_a_source_gives_all_children_of_a_family_in_one_read() -> None:
    """MW 39.2b."""
    metrics, reads = made(), []

    def source() -> list[Reading]:
        reads.append(1)
        return [
            Reading("membership_dropped", 1.0, {"reason": "label"}),
            Reading("membership_members", 3.0),
            Reading("membership_dropped", 2.0, {"reason": "key"}),
        ]

    metrics.read_at_scrape(source)
    reads.clear()
    text = metrics.exposition().decode()
    assert len(reads) == 1
    assert text.count("# TYPE shoal_membership_dropped_total counter") == 1
    assert 'reason="key",role="gate"} 2.0' in text


@pytest.mark.parametrize(
    ("name", "labels", "said"),
    [
        ("no_such_thing", {}, "no metric"),
        ("jobs_accepted", {"job": "j-1"}, "has the labels"),
        ("jobs_ended", {}, "has the labels"),
        ("jobs_open", {}, "is a gauge, not a counter"),
    ],
)
def test_what_is_not_in_the_list_is_refused(name: str, labels: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made().count(name, **labels)


def test_a_peer_cannot_make_a_scrape_grow_without_bound() -> None:
    """MW 39.2a, 39.2d."""
    metrics = made(label_sets=5)
    for number in range(1000):
        metrics.count("messages_refused", reason=f"made up {number}")
    text = metrics.exposition().decode()
    children = re.findall(r"^shoal_messages_refused_total\{.*\} (.*)$", text, re.M)
    assert len(children) == 6
    assert sum(map(float, children)) == 1000
    assert 'reason="other",role="gate"} 995.0' in text
    assert 'shoal_labels_folded_total{node="gate-1",role="gate"} 995.0' in text


def test_the_plain_registry_sums_a_counter_over_its_labels() -> None:
    metrics = CountingMetrics()
    metrics.count("dropped", reason="a")
    metrics.count("dropped", 2, reason="b")
    assert metrics.total("dropped") == 3
