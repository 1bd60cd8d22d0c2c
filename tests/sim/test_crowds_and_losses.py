"""More jobs than there is room for, and messages that are lost or damaged on their way."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import EXPECTED_ERRORS, Fault, fill
from distributed.testing.message_rules import MessageRule
from distributed.testing.nemesis import MESSAGES, PROFILES, Nemesis, Profile
from distributed.testing.scenario import drawn, play
from distributed.testing.simulated_work import Script, workflow
from distributed.types import Role

ROOT = Path(__file__).parents[2]


def test_a_crowd_fills_the_gates_to_their_bound_and_not_beyond() -> None:
    """GM 43, MW 54: what has no room is told so and comes again; nothing grows past its limit."""
    most = 0
    with SimCluster(3, SMALL) as cluster:
        cluster.log.expect(EXPECTED_ERRORS)
        cluster.start()
        fill(cluster, Fault(0.0, "fill", value=100))
        for _ in range(100):
            cluster.run_for(0.05)
            owned = [len(gate.node.state.records) for gate in cluster.of_role(Role.GATE)]
            most = max(most, *owned)
            assert max(owned) <= SMALL.gate.max_open_jobs
        cluster.run_for(60)
        refused = sum(bool(submission.refusal) for submission in cluster.submissions)
        ended = sum(submission.state == "completed" for submission in cluster.submissions)
    assert most == SMALL.gate.max_open_jobs
    assert refused + ended == 100
    assert ended >= 2 * SMALL.gate.max_open_jobs


def test_a_crowd_under_faults_breaks_no_rule() -> None:
    scenario = drawn(3, profile="calm", minutes=0.5, jobs=5)
    faults = (Fault(4.0, "fill", value=60), Fault(5.0, "kill", "g1"), Fault(6.0, "fill", value=30))
    report = play(msgspec.structs.replace(scenario, faults=faults))
    assert not report.failed, report.story


def test_updates_and_results_that_are_lost_on_the_way_to_a_client_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GM 53: a step that is missing is asked for, and a long silence is asked about."""
    monkeypatch.setattr("distributed.testing.nemesis.MESSAGES", ("JobUpdates", "JobResult"))
    lossy = Profile(2.0, {"drop": 5, "delay": 2})
    seed = 12
    scenario = drawn(seed, profile="calm", minutes=0.75, jobs=12)
    faults = Nemesis(seed, scenario.spec, lossy).plan(30.0)
    report = play(msgspec.structs.replace(scenario, faults=faults))
    assert not report.failed, report.story


def test_the_only_update_of_a_job_is_asked_for_when_it_was_lost() -> None:
    with SimCluster(5, SMALL) as cluster:
        cluster.start()
        rules = cluster.network.rules
        lost = [rules.add(MessageRule(name, drop=True)) for name in ("JobUpdates", "JobResult")]
        job = cluster.submit(Job(name="one", workflows=(workflow("a", Script(seconds=1)),)))
        cluster.run_for(5)
        for rule in lost:
            rules.remove(rule)
        assert job.state is None or job.state != "completed"
        cluster.run_for(15)
        assert job.state == "completed"


def test_every_type_that_a_fault_may_strike_is_a_message() -> None:
    from distributed.transport.codec import message_types

    assert set(MESSAGES) <= {kind.__name__ for kind in message_types()}
    assert {"fill", "drop", "delay", "corrupt"} <= PROFILES["chaos"].weights.keys()


def test_damaged_messages_close_their_connections_with_a_reason_and_crash_nobody() -> None:
    scenario = drawn(2, profile="calm", minutes=0.5, jobs=8)
    names = ("g1", "g2", "north-m1", "south-m1", "north-w1", "south-w2")
    faults = tuple(
        Fault(2.0 + 3.0 * number, "corrupt", name, seconds=6.0, value=0.3)
        for number, name in enumerate(names)
    )
    report = play(msgspec.structs.replace(scenario, faults=faults))
    assert not report.failed, report.story


def test_a_body_that_is_no_message_ends_the_connection_with_a_logged_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("random.Random.random", lambda _self: 0.25)
    with SimCluster(4, SMALL, log_level=logging.WARNING) as cluster:
        cluster.start()
        cluster.network.rules.add(MessageRule(source="north-w1", corrupt=True, times=1))
        cluster.run_for(15)
        lines = [event.detail for event in cluster.trace.recent if event.kind == "log"]
        damaged = [event.what for event in cluster.trace.recent if event.kind == "corrupt"]
        assert cluster.ready()
    assert damaged == ["body"]
    assert any("no message of ours" in line for line in lines)


def test_the_scenario_of_the_page_runs() -> None:
    page = (ROOT / "docs" / "simulation.md").read_text()
    (source,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict[str, object] = {}
    exec(compile(source, "docs/simulation.md", "exec"), names)
    scenario = names["test_a_worker_that_dies_loses_nothing"]
    assert callable(scenario)
    scenario()
    assert len(source[source.index("def ") :].splitlines()) <= 10
