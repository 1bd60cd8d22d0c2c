"""Log lines carry their node and job; repeats are held back and counted."""

from __future__ import annotations

import logging

import pytest

from distributed.telemetry.logs import RepeatLimiter, node_logger


def test_a_line_carries_node_role_and_job(caplog: pytest.LogCaptureFixture) -> None:
    """MW 39.1c."""
    with caplog.at_level(logging.INFO):
        node_logger("gate", "gate-1").bind(job="j1").info("accepted", extra={"epoch": 3})
    record = caplog.records[0]
    fields = {name: getattr(record, name) for name in ("node", "role", "job", "epoch")}
    assert fields == {"node": "gate-1", "role": "gate", "job": "j1", "epoch": 3}


def record_of(text: str) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, __file__, 1, text, (), None)


def test_repeats_past_the_burst_are_held_back_and_then_counted() -> None:
    """MW 39.1a-b."""
    now = 0.0
    limiter = RepeatLimiter(lambda: now, burst=2, window_seconds=10.0)
    assert [limiter.filter(record_of("again")) for _ in range(5)] == [True, True] + [False] * 3
    now = 11.0
    late = record_of("again")
    assert limiter.filter(late)
    assert "3 more like it were held back" in late.getMessage()


def test_the_table_of_messages_is_bounded() -> None:
    """MW 39.1d."""
    limiter = RepeatLimiter(lambda: 0.0, burst=1, capacity=3)
    for number in range(10):
        assert limiter.filter(record_of(f"message {number}"))
    assert limiter.filter(record_of("message 0"))
    assert not limiter.filter(record_of("message 0"))
