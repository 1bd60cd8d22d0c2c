"""A worker that dies while work is on its way to it: one outcome, whatever had arrived."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.faults import EXPECTED_ERRORS
from distributed.testing.message_rules import MessageRule
from distributed.testing.simulated_work import Script, workflow

SPEC = msgspec.structs.replace(SMALL, gates=1, datacenters=("north",), managers=1, workers=2)
WORKFLOWS = 8


@pytest.mark.parametrize("power_off", [False, True])
@pytest.mark.parametrize("lost", ["AssignWorkflows", "AssignmentsTaken", "WorkerResults", ""])
def test_a_worker_that_dies_in_the_middle_of_a_dispatch_leaves_one_outcome(
    lost: str, *, power_off: bool
) -> None:
    """GM 28.1b: before the work came, before it said so, before its results were heard of."""
    with SimCluster(21, SPEC) as cluster:
        cluster.log.expect(EXPECTED_ERRORS)
        cluster.start()
        started: Counter[tuple[str, int]] = Counter()
        cluster.work_watchers.append(
            lambda event: started.update(
                [(event.workflow, event.attempt)] * (event.kind == "started")
            )
        )
        for ends in ({"source": "north-w1"}, {"target": "north-w1"}):
            if lost:
                cluster.network.rules.add(MessageRule(lost, drop=True, **ends))
        flows = tuple(workflow(f"w{n}", Script(seconds=0.5)) for n in range(WORKFLOWS))
        job = cluster.submit(Job(name="race", workflows=flows))
        cluster.run_for(0.6)
        cluster["north-w1"].kill(power_off=power_off)
        cluster.run_for(30.0)
        assert job.state == "completed"
        assert job.result is not None
        assert sorted(r.workflow for r in job.result.workflows) == [w.name for w in flows]
        assert set(started.values()) == {1}, "no attempt twice"
        rows = cluster.database.query("SELECT workflow, COUNT(*) FROM results GROUP BY workflow")
        assert {count for _, count in rows} == {1}
        seats = cluster["north-m1"].node.state.seats
        assert sum(seat.slots.bound for seat in seats.values()) == 0
