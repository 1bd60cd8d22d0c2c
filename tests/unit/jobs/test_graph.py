"""The dependency graph: what may start, what never can, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributed.errors import JobRejected
from distributed.jobs.graph import DependencyGraph
from distributed.messages.job import Workflow


def flow(name: str, *after: str) -> Workflow:
    return Workflow(name=name, run="m:f", after=after)


DIAMOND = (flow("a"), flow("b", "a"), flow("c", "a"), flow("d", "b", "c"))


def test_roots_are_ready_in_the_order_of_the_job() -> None:
    graph = DependencyGraph((flow("z"), flow("y"), flow("x", "z")))
    assert graph.ready() == ("z", "y")


def test_a_dependant_starts_as_soon_as_its_last_dependency_completed() -> None:
    graph = DependencyGraph(DIAMOND)
    assert graph.complete("a") == ("b", "c")
    assert graph.complete("c") == ()
    assert graph.complete("b") == ("d",)
    assert graph.complete("d") == ()
    assert graph.open == 0


def test_a_repeated_result_releases_nothing_twice() -> None:
    graph = DependencyGraph((flow("a"), flow("b"), flow("c", "a", "b")))
    graph.complete("a")
    assert graph.complete("a") == ()
    assert graph.complete("b") == ("c",)


def test_naming_a_dependency_twice_counts_it_once() -> None:
    graph = DependencyGraph((flow("a"), flow("b", "a", "a")))
    assert graph.complete("a") == ("b",)


def test_a_dependency_may_stand_later_in_the_list() -> None:
    graph = DependencyGraph((flow("b", "a"), flow("a")))
    assert graph.ready() == ("a",)
    assert graph.complete("a") == ("b",)


def test_what_waits_for_a_failure_is_abandoned_with_it() -> None:
    graph = DependencyGraph((*DIAMOND, flow("e")))
    graph.complete("a")
    assert graph.abandon("b") == ("d",)
    assert graph.abandon("b") == ()
    assert graph.complete("c") == ()
    assert graph.open == 1


def test_a_datacenter_starts_only_its_share_and_takes_results_of_the_rest() -> None:
    graph = DependencyGraph(DIAMOND, only=("a", "d"))
    assert graph.ready() == ("a",)
    assert graph.complete("a") == ()
    assert graph.wanted("b")
    graph.complete("b")
    assert graph.complete("c") == ("d",)


@pytest.mark.parametrize(
    ("workflows", "code", "field"),
    [
        ((flow("a"), flow("a")), "duplicate_name", "workflows[1].name"),
        ((flow("a"), flow("b", "x")), "unknown_dependency", "workflows[1].after"),
        ((flow("a", "a"),), "cycle", "workflows[0].after"),
        ((flow("a"), flow("b", "a", "d"), flow("c", "b"), flow("d", "c")), "cycle", "workflows[1]"),
    ],
)
def test_a_graph_that_cannot_run_is_refused_by_field(
    workflows: tuple[Workflow, ...], code: str, field: str
) -> None:
    with pytest.raises(JobRejected) as caught:
        DependencyGraph(workflows)
    assert caught.value.code == code
    assert caught.value.field.startswith(field)


def test_a_cycle_is_shown() -> None:
    with pytest.raises(JobRejected, match="b -> d -> c -> b"):
        DependencyGraph((flow("a"), flow("b", "a", "d"), flow("c", "b"), flow("d", "c")))


@given(st.lists(st.sets(st.integers(0, 29)), max_size=30))
def test_any_order_of_completion_starts_everything_exactly_once(edges: list[set[int]]) -> None:
    workflows = [
        flow(str(i), *(str(j) for j in sorted(needs) if j < i)) for i, needs in enumerate(edges)
    ]
    graph = DependencyGraph(workflows)
    started: list[str] = list(graph.ready())
    for name in started:
        assert set(graph.needs(name)) <= set(started)
        started.extend(graph.complete(name))
    assert sorted(started) == sorted(w.name for w in workflows)
