"""Refusals before anything is stored: each names the field and the reason."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from distributed.errors import JobRejected
from distributed.jobs.validation import (
    DatacenterRoom,
    check_job,
    check_placeable,
    decode_job,
    encode_job,
)
from distributed.messages.job import Job, Placement, Workflow

GOOD: dict[str, Any] = {"name": "j", "workflows": [{"name": "a", "run": "pkg.mod:f"}]}


def with_workflow(**changes: Any) -> dict[str, Any]:
    return {"name": "j", "workflows": [{"name": "a", "run": "pkg.mod:f"} | changes]}


def placed(**changes: Any) -> Job:
    return Job(
        name="j",
        workflows=(Workflow(name="a", run="m:f", cores=changes.pop("cores", 1)),),
        placement=Placement(**changes),
    )


def test_plain_data_becomes_a_job() -> None:
    job = decode_job(GOOD)
    check_job(job)
    assert job.workflows[0].run == "pkg.mod:f"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "j"}, "job"),
        ({"name": 3, "workflows": []}, "name"),
        (with_workflow(cores="many"), "workflows[0].cores"),
        (with_workflow(core=2), "workflows[0].core"),
        (GOOD | {"placement": {"datacentres": ["eu"]}}, "placement.datacentres"),
        (GOOD | {"placement": {"mode": "both"}}, "placement.mode"),
        (GOOD | {"deadline": 3}, "deadline"),
    ],
)
def test_data_of_the_wrong_shape_names_the_field(data: dict[str, Any], field: str) -> None:
    with pytest.raises(JobRejected) as caught:
        decode_job(data)
    assert caught.value.code == "malformed"
    assert caught.value.field == field


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ("workflow", "field"),
    [
        ({"args": {"fine": 1, "odd": object()}}, "workflows[0].args['odd']"),
        ({"args": {"huge": 2**70}}, "workflows[0].args['huge']"),
        ({"args": {"endless": ENDLESS}}, "workflows[0].args['endless']"),
        ({"args": {1: 2}}, "workflows[0].args"),
        ({"cores": "many"}, "workflows[0].cores"),
        ({"name": "\ud800"}, "job"),
    ],
)
def test_what_cannot_be_sent_names_where_it_stands(workflow: dict[str, Any], field: str) -> None:
    job = Job(name="j", workflows=(Workflow(**({"name": "a", "run": "m:f"} | workflow)),))
    with pytest.raises(JobRejected) as caught:
        encode_job(job)
    assert (caught.value.code, caught.value.field) == ("malformed", field)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "", "workflows": GOOD["workflows"]}, "name"),
        ({"name": "a\nb", "workflows": GOOD["workflows"]}, "name"),
        ({"name": "j", "workflows": []}, "workflows"),
        (with_workflow(name=" "), "workflows[0].name"),
        (with_workflow(run="no-colon"), "workflows[0].run"),
        (with_workflow(run="pkg:"), "workflows[0].run"),
        (with_workflow(run=""), "workflows[0].run"),
        (with_workflow(command=["ls"]), "workflows[0].run"),
        (with_workflow(cores=0), "workflows[0].cores"),
        (with_workflow(attempts=0), "workflows[0].attempts"),
        (with_workflow(timeout_seconds=0), "workflows[0].timeout_seconds"),
        (with_workflow(timeout_seconds=float("nan")), "workflows[0].timeout_seconds"),
        (with_workflow(after=["a"]), "workflows[0].after"),
        (GOOD | {"deadline_seconds": -1}, "deadline_seconds"),
        (GOOD | {"retry_budget": -1}, "retry_budget"),
        (GOOD | {"reports": ["xml:out"]}, "reports[0]"),
        (GOOD | {"placement": {"min_success": 1}}, "placement.min_success"),
        (GOOD | {"placement": {"required": True}}, "placement.required"),
        (GOOD | {"placement": {"count": -1}}, "placement.count"),
        (GOOD | {"placement": {"datacenters": ["eu", "eu"]}}, "placement.datacenters"),
        (GOOD | {"placement": {"shares": {"eu": -1.0}}}, "placement.shares.eu"),
        (
            GOOD | {"placement": {"mode": "replicate", "count": 2, "min_success": 3}},
            "placement.min_success",
        ),
        (
            with_workflow(datacenter="eu") | {"placement": {"mode": "replicate", "count": 2}},
            "workflows[0].datacenter",
        ),
    ],
)
def test_a_job_that_cannot_run_names_the_field(data: dict[str, Any], field: str) -> None:
    with pytest.raises(JobRejected) as caught:
        check_job(decode_job(data))
    assert caught.value.field == field
    assert caught.value.reason in str(caught.value)


ROOMS = {"eu": DatacenterRoom(largest_worker=4), "us": DatacenterRoom(largest_worker=8)}


def test_a_datacenter_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(JobRejected, match="known: eu, us") as caught:
        check_placeable(placed(datacenters=("mars",)), ROOMS)
    assert (caught.value.code, caught.value.field) == (
        "unknown_datacenter",
        "placement.datacenters[0]",
    )


def test_a_workflow_pinned_to_no_datacenter_of_ours_is_refused() -> None:
    job = Job(name="j", workflows=(Workflow(name="a", run="m:f", datacenter="mars"),))
    with pytest.raises(JobRejected) as caught:
        check_placeable(job, ROOMS)
    assert caught.value.field == "workflows[0].datacenter"


def test_more_cores_than_the_largest_worker_anywhere_is_refused() -> None:
    with pytest.raises(JobRejected, match="largest worker has 8") as caught:
        check_placeable(placed(cores=9), ROOMS)
    assert (caught.value.code, caught.value.field) == ("too_many_cores", "workflows[0].cores")


def test_only_required_datacenters_count_for_the_largest_worker() -> None:
    check_placeable(placed(cores=8, datacenters=("eu",)), ROOMS)
    with pytest.raises(JobRejected, match="largest worker has 4"):
        check_placeable(placed(cores=8, datacenters=("eu",), required=True), ROOMS)


def test_a_datacenter_that_has_not_reported_refuses_nothing() -> None:
    check_placeable(placed(cores=99), {"eu": DatacenterRoom(), "us": DatacenterRoom(8)})


def test_more_datacenters_than_exist_are_refused() -> None:
    with pytest.raises(JobRejected) as caught:
        check_placeable(placed(count=3), ROOMS)
    assert caught.value.field == "placement.count"


def test_a_job_survives_its_own_encoding() -> None:
    job = decode_job(with_workflow(args={"n": 1}, after=[]))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(job), type=Job) == job
