"""Placement plans: parts, shares, replacement, and whom the job waits for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.messages.job import Job, Placement, Workflow
from distributed.routing.placement import PartState, PlacementPlan, divide
from distributed.routing.request import request_for

FLOWS = tuple(Workflow(name=f"w{n}") for n in range(6))


def replicate(count: int, min_success: int | None = None, found: str = "abc") -> PlacementPlan:
    placement = Placement(count=count, mode="replicate", min_success=min_success)
    return PlacementPlan(placement, FLOWS, list(found))


def test_a_replicated_job_runs_everything_everywhere() -> None:
    plan = replicate(3)
    assert all(part.workflows == tuple(f"w{n}" for n in range(6)) for part in plan.parts)
    assert plan.waiting == {"a", "b", "c"}


def test_the_set_waited_for_changes_with_a_fallback() -> None:
    plan = replicate(2, found="ab")
    part = plan.replace("a", "c", "refused")
    assert plan.waiting == {"b", "c"}
    assert part.history == (("a", "refused"),)
    assert plan.used == {"a", "b", "c"}
    assert not plan.finished("a", completed=True)
    plan.finished("b", completed=True)
    assert plan.outcome() is None
    plan.finished("c", completed=True)
    outcome = plan.outcome()
    assert outcome is not None
    assert outcome.completed


@pytest.mark.parametrize(
    ("min_success", "ends", "completed"),
    [
        (None, "ccc", True),
        (None, "cf.", False),
        (2, "ccf", True),
        (2, "cc.", None),
        (2, "ff.", False),
        (1, "ffc", True),
        (0, "fff", False),
        (9, "ccc", True),
    ],
)
def test_enough_completed_datacenters_make_a_success(
    min_success: int | None, ends: str, completed: bool | None
) -> None:
    """GM 41.8d, 10.2b: `c` completed, `f` failed, `.` still open."""
    plan = replicate(3, min_success)
    for name, end in zip("abc", ends, strict=True):
        if end != ".":
            plan.finished(name, completed=end == "c", reason="broke")
    outcome = plan.outcome()
    assert (outcome.completed if outcome else None) == completed


def test_what_is_missing_is_said_with_its_reason() -> None:
    """Invariant 4."""
    plan = replicate(4, min_success=1)
    plan.finished("a", completed=True)
    plan.finished("b", completed=False, reason="3 workflows failed")
    plan.lost("c", "no datacenter left to take over")
    outcome = plan.outcome()
    assert outcome is not None
    assert outcome.completed
    assert outcome.missing == (
        ("b", "3 workflows failed"),
        ("c", "no datacenter left to take over"),
        ("", "1 more datacenters were asked for than could be found"),
    )


def test_an_end_counts_once() -> None:
    plan = replicate(1, found="a")
    assert plan.finished("a", completed=True)
    assert not plan.finished("a", completed=False)
    assert plan.parts[0].state is PartState.COMPLETED


def test_replacing_what_is_not_open_is_an_error() -> None:
    plan = replicate(2, found="ab")
    with pytest.raises(ValueError, match="no open part"):
        plan.replace("x", "c", "")
    with pytest.raises(ValueError, match="has a part"):
        plan.replace("a", "b", "")


def test_shares_are_followed_by_cores() -> None:
    placement = Placement(count=2, shares={"a": 2.0, "b": 1.0})
    plan = PlacementPlan(placement, FLOWS, ["a", "b"])
    assert [part.share for part in plan.parts] == pytest.approx([2 / 3, 1 / 3])


def test_a_datacenter_without_a_share_is_not_waited_for() -> None:
    placement = Placement(count=2, shares={"a": 1.0, "b": 0.0})
    plan = PlacementPlan(placement, FLOWS, ["a", "b"])
    assert plan.waiting == {"a"}


def test_a_dependant_runs_where_its_inputs_are_if_shares_allow() -> None:
    flows = [Workflow(name="x"), Workflow(name="y"), Workflow(name="z", after=("y",))]
    assert divide(flows, {"a": 1.0, "b": 1.0}) == {"a": ("x",), "b": ("y", "z")}


def test_a_bound_workflow_goes_where_it_is_bound_and_stays() -> None:
    flows = [Workflow(name="x", datacenter="b"), Workflow(name="y")]
    plan = PlacementPlan(Placement(count=2), flows, ["a", "b"])
    part = plan.part("b")
    assert part is not None
    assert part.workflows == ("x",)
    with pytest.raises(ValueError, match="bound"):
        plan.replace("b", "c", "refused")
    with pytest.raises(ValueError, match="not in use"):
        PlacementPlan(Placement(), flows, ["a"])


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
