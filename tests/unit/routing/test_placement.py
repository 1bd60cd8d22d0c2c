"""Placement: parts, shares, what is bound, and with how little a job can start."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.messages.job import Job, Placement, Workflow
from distributed.routing.placement import bound, divide, lacking, parts
from distributed.routing.request import request_for

FLOWS = tuple(Workflow(name=f"w{n}") for n in range(6))


def job(*flows: Workflow, **placement: Any) -> Job:
    return Job(name="j", workflows=flows or FLOWS, placement=Placement(**placement))


def test_a_replicated_job_runs_everything_everywhere() -> None:
    assert parts(job(count=3, mode="replicate"), ["a", "b"]) == {"a": (), "b": ()}


def test_shares_are_followed_by_cores() -> None:
    split = parts(job(count=2, shares={"a": 2.0, "b": 1.0}), ["a", "b"])
    assert [len(names) for names in split.values()] == [4, 2]


def test_a_datacenter_without_a_share_is_not_waited_for() -> None:
    split = parts(job(count=2, shares={"a": 1.0, "b": 0.0}), ["a", "b"])
    assert list(split) == ["a"]


@pytest.mark.parametrize(
    ("asked", "found", "lacks"),
    [
        ({"count": 3}, "a", ""),
        ({"count": 3, "mode": "replicate"}, "abc", ""),
        ({"count": 3, "mode": "replicate"}, "ab", "2 of 3 needed datacenters can take the job"),
        ({"count": 3, "mode": "replicate", "min_success": 2}, "ab", ""),
        ({"count": 3, "mode": "replicate", "min_success": 2}, "a", "1 of 2 needed"),
        ({"count": 0, "datacenters": ("a", "b"), "mode": "replicate"}, "a", "1 of 2 needed"),
    ],
)
def test_a_job_starts_with_fewer_datacenters_only_if_it_can_still_succeed(
    asked: dict[str, Any], found: str, lacks: str
) -> None:
    """Invariant 4, GM 41.8d."""
    said = lacking(job(**asked), list(found))
    assert said.startswith(lacks)
    assert bool(said) == bool(lacks)


def test_a_dependant_runs_where_its_inputs_are_if_shares_allow() -> None:
    flows = [Workflow(name="x"), Workflow(name="y"), Workflow(name="z", after=("y",))]
    assert divide(flows, {"a": 1.0, "b": 1.0}) == {"a": ("x",), "b": ("y", "z")}


def test_a_bound_workflow_goes_where_it_is_bound_and_stays() -> None:
    pinned = job(Workflow(name="x", datacenter="b"), Workflow(name="y"), count=2)
    assert parts(pinned, ["a", "b"])["b"] == ("x",)
    assert bound(pinned, "b")
    assert not bound(pinned, "a")
    assert lacking(pinned, ["a"]) == "workflow 'x' is bound to b"
    with pytest.raises(ValueError, match="not in use"):
        divide(pinned.workflows, {"a": 1.0})


@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=30),
    st.dictionaries(st.sampled_from("abcde"), st.floats(0.1, 5), min_size=1),
)
def test_a_split_runs_each_workflow_once_and_keeps_to_the_shares(
    cores: list[int], shares: dict[str, float]
) -> None:
    flows = [Workflow(name=f"w{n}", cores=c) for n, c in enumerate(cores)]
    split = divide(flows, shares)
    placed = [name for names in split.values() for name in names]
    assert sorted(placed) == sorted(w.name for w in flows)
    by_name = {w.name: w.cores for w in flows}
    for dc, names in split.items():
        fair = sum(cores) * shares[dc] / sum(shares.values())
        assert sum(by_name[n] for n in names) <= fair + max(cores)


@pytest.mark.parametrize(
    ("placement", "count", "cores"),
    [
        (Placement(), 1, 6),
        (Placement(count=2), 2, 3),
        (Placement(count=2, mode="replicate"), 2, 6),
        (Placement(datacenters=("a", "b", "c"), count=0), 3, 2),
        (Placement(count=0), 1, 6),
    ],
)
def test_a_request_asks_for_what_the_job_says(placement: Placement, count: int, cores: int) -> None:
    request = request_for(Job(name="j", workflows=FLOWS, placement=placement))
    assert (request.count, request.cores) == (count, cores)


def test_datacenters_of_bound_workflows_are_always_part_of_it() -> None:
    flows = (Workflow(name="x", datacenter="b"), Workflow(name="y", datacenter="c", cores=4))
    request = request_for(Job(name="j", workflows=flows))
    assert request.pinned == ("b", "c")
    assert (request.count, request.largest_workflow) == (2, 4)
