"""The final answer as callers use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from distributed.client import Outcome
from distributed.errors import JobFailed, ValueNotFetched, WorkflowFailed
from distributed.messages.results import WorkflowResult
from distributed.messages.submission import JobResult

encode = msgspec.msgpack.encode


def done(name: str, value: Any, dc: str = "eu") -> WorkflowResult:
    return WorkflowResult(name, 1, "completed", encode(value), datacenter=dc)


def failed(name: str, dc: str = "eu") -> WorkflowResult:
    return WorkflowResult(
        name, 1, "failed", error="ValueError: no", traceback="File x, line 1", datacenter=dc
    )


def outcome(state: str, *results: WorkflowResult) -> Outcome:
    missing = (("z", "waits for 'a', which failed"),) if state != "completed" else ()
    return Outcome(JobResult("j-1", "demo", state, "why", 1.5, results, missing))


def test_values_come_back_decoded() -> None:
    ended = outcome("completed", done("a", {"n": 1}), done("b", None))
    assert ended["a"] == {"n": 1}
    assert ended.values() == {"a": {"n": 1}, "b": None}
    assert ended.check() is ended


def test_replicas_are_told_apart_by_datacenter() -> None:
    ended = outcome("completed", done("a", 1), done("a", 2, "us"))
    assert ended.values() == {"a": {"eu": 1, "us": 2}}


def test_a_failure_is_an_exception_with_the_remote_traceback() -> None:
    ended = outcome("failed", done("a", 1), failed("b"))
    with pytest.raises(WorkflowFailed, match="ValueError: no") as caught:
        _ = ended["b"]
    assert caught.value.traceback == "File x, line 1"
    with pytest.raises(JobFailed, match="ended failed: why") as whole:
        ended.check()
    assert isinstance(whole.value.__cause__, WorkflowFailed)
    assert whole.value.__cause__.__notes__ == ["File x, line 1"]


def test_a_completed_replica_counts_over_a_failed_one() -> None:
    assert outcome("completed", failed("a"), done("a", 7, "us"))["a"] == 7


def test_a_large_value_that_was_not_fetched_says_so() -> None:
    named = WorkflowResult("a", 1, "completed", reference="value:1:2000000:eu")
    ended = outcome("completed", named, done("b", 2))
    assert ended["b"] == 2
    with pytest.raises(ValueNotFetched, match="'a' is not at hand"):
        _ = ended["a"]


def test_a_value_that_cannot_be_decoded_is_there_as_it_came() -> None:
    """MW 57.3: the error is the reader's, and the bytes stay at hand."""
    garbage = WorkflowResult("a", 1, "completed", b"\xc1", datacenter="eu")
    ended = outcome("completed", garbage, done("b", 2))
    with pytest.raises(msgspec.DecodeError):
        _ = ended["a"]
    assert ended["b"] == 2
    assert ended.result_of("a").value == b"\xc1"


def test_a_file_that_a_result_names_is_never_read(tmp_path: Path) -> None:
    """What the network names is no path of this machine."""
    secret = tmp_path / "secret"
    secret.write_bytes(encode("x" * 10))
    for reference in (str(secret), f"file://{secret}"):
        ended = outcome("completed", WorkflowResult("a", 1, "completed", reference=reference))
        with pytest.raises(ValueNotFetched):
            _ = ended["a"]


def test_a_name_without_a_result_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        _ = outcome("completed", done("a", 1))["b"]
