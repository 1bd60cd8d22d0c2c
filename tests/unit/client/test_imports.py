"""Functions that cannot be imported are refused where the job is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from distributed.client.imports import check_importable
from distributed.errors import JobRejected
from distributed.messages.job import Job, Workflow


def job(run: str) -> Job:
    return Job(name="j", workflows=(Workflow(name="ok", command=("true",)), flow(run)))


def flow(run: str) -> Workflow:
    return Workflow(name="w", run=run)


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("no_such_module_at_all:f", "cannot be imported"),
        ("json:no_such_name", "has no 'no_such_name'"),
        ("json:decoder.nothing", "has no"),
        ("json:__name__", "is not callable"),
    ],
)
def test_the_field_and_the_reason_are_named(run: str, reason: str) -> None:
    with pytest.raises(JobRejected, match=reason) as caught:
        check_importable(job(run))
    assert (caught.value.code, caught.value.field) == ("not_importable", "workflows[1].run")


def test_a_module_that_raises_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shoal_broken_module.py").write_text("raise ValueError('half written')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(JobRejected, match="ValueError: half written"):
        check_importable(job("shoal_broken_module:f"))
    sys.modules.pop("shoal_broken_module", None)


def test_functions_and_methods_pass() -> None:
    check_importable(job("json:dumps"))
    check_importable(job("json:JSONEncoder.encode"))
