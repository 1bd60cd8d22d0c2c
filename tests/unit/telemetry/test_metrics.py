"""Counts reach the text format with their node's labels."""

from __future__ import annotations

from distributed.telemetry.metrics import CountingMetrics, PrometheusMetrics


def test_counters_gauges_and_durations_are_exposed() -> None:
    metrics = PrometheusMetrics({"node": "gate-1", "role": "gate"})
    metrics.count("jobs_accepted")
    metrics.count("jobs_accepted", 2)
    metrics.count("jobs_ended", state="failed")
    metrics.gauge("jobs_open", 4)
    metrics.observe("ledger_commit_seconds", 0.002)
    metrics.read_at_scrape(lambda: [("counter", "datagrams_received", "Datagrams.", 7.0)])
    text = metrics.exposition().decode()
    assert 'shoal_jobs_accepted_total{node="gate-1",role="gate"} 3.0' in text
    assert 'shoal_jobs_ended_total{node="gate-1",role="gate",state="failed"} 1.0' in text
    assert 'shoal_jobs_open{node="gate-1",role="gate"} 4.0' in text
    assert 'shoal_ledger_commit_seconds_count{node="gate-1",role="gate"} 1.0' in text
    assert 'shoal_datagrams_received_total{node="gate-1",role="gate"} 7.0' in text


def test_the_plain_registry_sums_a_counter_over_its_labels() -> None:
    metrics = CountingMetrics()
    metrics.count("dropped", reason="a")
    metrics.count("dropped", 2, reason="b")
    assert metrics.total("dropped") == 3
