"""Large values under virtual time: what dies on the way, and what is left of them."""

from __future__ import annotations

import msgspec
import pytest

from distributed.messages.job import Job
from distributed.testing.cluster import SimCluster
from distributed.testing.cluster_spec import SMALL
from distributed.testing.simulated_work import Outcome, Script, workflow
from distributed.testing.submissions import Submission

SIZE = 6 << 20
LARGE = Job(
    name="large",
    workflows=(
        workflow("a", Script(seconds=1.0, result_bytes=SIZE)),
        workflow("b", Script(seconds=1.0, result_bytes=SIZE), after=("a",)),
        workflow("c", after=("a", "b")),
    ),
)


def parts(cluster: SimCluster) -> int:
    ((count,),) = cluster.database.query("SELECT COUNT(*) FROM value_parts")
    return int(count)


def whole(submission: Submission) -> bool:
    """Whether every value came, and dependants had theirs."""
    assert submission.result is not None
    values = {
        result.workflow: msgspec.msgpack.decode(result.value, type=Outcome)
        for result in submission.result.workflows
    }
    return len(values["a"].padding) == len(values["b"].padding) == SIZE and values["c"].inputs == (
        "a",
        "b",
    )


def run_until_parts(cluster: SimCluster, least: int) -> None:
    while parts(cluster) < least:
        cluster.run_for(0.005)


def run_to_the_end(cluster: SimCluster, submission: Submission) -> None:
    """Until the client knows the end: retention takes everything soon after."""
    for _ in range(600):
        if submission.state:
            return
        cluster.run_for(0.1)
    raise AssertionError("the job did not end")


def test_a_large_value_arrives_and_goes_with_its_job() -> None:
    """GM 9.4d: a value too large for one message."""
    with SimCluster(3, SMALL) as cluster:
        cluster.start()
        submission = cluster.submit(LARGE)
        cluster.run_for(20.0)
        assert submission.state == "completed"
        assert whole(submission)
        assert not cluster.log.unexpected
        assert parts(cluster) == 2 * 7
        cluster.run_for(150.0)
        assert parts(cluster) == 0, "retention has ended"


@pytest.mark.parametrize("role", ["gate", "manager", "worker"])
def test_a_node_that_dies_while_a_value_is_moved_costs_nothing_but_time(role: str) -> None:
    with SimCluster(5, SMALL) as cluster:
        cluster.start()
        ran: list[str] = []
        cluster.work_watchers.append(
            lambda event: ran.append(event.node) if event.kind == "started" else None
        )
        submission = cluster.submit(LARGE)
        run_until_parts(cluster, 3)
        (owner,) = cluster.database.query("SELECT owner FROM leases")
        (manager,) = cluster.database.query("SELECT manager FROM placed")
        cluster[{"gate": owner[0], "manager": manager[0], "worker": ran[0]}[role]].kill()
        run_to_the_end(cluster, submission)
        assert submission.state == "completed"
        assert whole(submission)
        stored = cluster.database.query(
            "SELECT workflow, COUNT(*) FROM value_parts GROUP BY workflow, attempt"
        )
        assert sorted(stored) == [("a", 7), ("b", 7)], "nothing of a lost attempt is left"


def test_a_job_that_is_cancelled_while_a_value_is_moved_ends_and_keeps_nothing() -> None:
    with SimCluster(6, SMALL) as cluster:
        cluster.start()
        submission = cluster.submit(LARGE)
        run_until_parts(cluster, 2)
        submission.cancel()
        run_to_the_end(cluster, submission)
        assert submission.state == "cancelled"
        assert parts(cluster) == 0


def test_a_value_over_the_limit_fails_its_workflow_and_says_so() -> None:
    gate = msgspec.structs.replace(SMALL.gate, largest_value_bytes=2 << 20)
    with SimCluster(7, msgspec.structs.replace(SMALL, gate=gate)) as cluster:
        cluster.start()
        submission = cluster.submit(LARGE)
        run_to_the_end(cluster, submission)
        assert submission.state == "failed"
        assert submission.result is not None
        (failed,) = [r for r in submission.result.workflows if r.workflow == "a"]
        assert "over this gate's limit of 2097152" in failed.error
        assert parts(cluster) == 0


def test_a_gate_holds_values_up_to_its_limit_and_answers_with_all_of_them() -> None:
    names = [f"w{number}" for number in range(20)]
    steps = tuple(workflow(name, Script(seconds=0.5, result_bytes=900_000)) for name in names)
    job = Job(name="medium", workflows=(*steps, workflow("last", after=tuple(names))))
    with SimCluster(8, SMALL) as cluster:
        cluster.start()
        submission = cluster.submit(job)
        held = 0
        for _ in range(400):
            cluster.run_for(0.02)
            for gate in ("g1", "g2"):
                for record in cluster[gate].node.state.records.values():
                    assert record.held_bytes <= SMALL.gate.held_value_bytes
                    kept = sum(len(result.value) for result in record.results.values())
                    assert kept == record.held_bytes
                    held = max(held, kept)
        assert held > SMALL.gate.held_value_bytes // 2
        assert submission.state == "completed"
        assert submission.result is not None
        assert len(submission.result.workflows) == 21
        values = {r.workflow: r.value for r in submission.result.workflows}
        assert all(len(values[name]) > 900_000 for name in names)
        last = msgspec.msgpack.decode(values["last"], type=Outcome)
        assert last.inputs == tuple(sorted(names))
