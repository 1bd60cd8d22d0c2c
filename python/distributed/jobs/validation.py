"""What a job must be before anything is stored: checks that need no network.

`decode_job` turns a file's plain data into a `Job`, `encode_job` a `Job` into bytes;
`check_job` judges the job by itself, `check_placeable` against what the datacenters are known
to have. Each refusal names the field and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from distributed.errors import JobRejected
from distributed.messages.job import Job, Placement, Workflow
from distributed.routing.placement import wanted

from .graph import DependencyGraph

MAX_WORKFLOWS = 100_000
MAX_NAME_CHARS = 200
MAX_ATTEMPTS = 100
REPORT_KINDS = ("json", "csv")
UNSENDABLE = (TypeError, ValueError, OverflowError, RecursionError)

_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_AT_PATH = re.compile(r" - at (`key` in )?`\$\.?(?P<path>.*)`$")


class DatacenterRoom(msgspec.Struct, frozen=True):
    """What one datacenter can hold, as far as is known.

    `largest_worker` is in cores; 0 where no worker has reported yet, which refuses nothing.
    """

    largest_worker: int = 0


def decode_job(data: Mapping[str, Any]) -> Job:
    """A `Job` out of plain data, as a TOML or JSON file gives it.

    Unknown keys are refused, since they are most often a misspelt field.

    Raises:
        JobRejected: code `malformed`; `field` is the path of the part at fault.
    """
    _refuse_unknown_keys(data)
    try:
        return msgspec.convert(dict(data), Job)
    except msgspec.ValidationError as error:
        raise _malformed(error) from error


def encode_job(job: Job) -> bytes:
    """The job as it is sent and stored: msgpack that reads back as a `Job`.

    Raises:
        JobRejected: code `malformed`; `field` is the path of what is of no type that can be
            sent, or not of the type that its field has.
    """
    try:
        payload = msgspec.msgpack.encode(job)
        msgspec.msgpack.decode(payload, type=Job)
    except msgspec.ValidationError as error:
        raise _malformed(error) from error
    except UNSENDABLE as error:
        raise JobRejected("malformed", str(error), field=_unsendable(job)) from error
    return payload


def _malformed(error: msgspec.ValidationError) -> JobRejected:
    text = str(error)
    found = _AT_PATH.search(text)
    field = found["path"] if found else ""
    return JobRejected("malformed", _AT_PATH.sub("", text), field=field or "job")


def _unsendable(job: Job) -> str:
    arguments = (
        (f"workflows[{index}].args[{name!r}]", value)
        for index, workflow in enumerate(job.workflows)
        if isinstance(workflow, Workflow)
        for name, value in workflow.args.items()
    )
    for path, value in arguments:
        try:
            msgspec.msgpack.encode(value)
        except UNSENDABLE:
            return path
    return "job"


def _refuse_unknown_keys(data: Mapping[str, Any]) -> None:
    parts: list[tuple[str, Any, type[msgspec.Struct]]] = [("", data, Job)]
    parts.append(("placement", data.get("placement"), Placement))
    workflows = data.get("workflows")
    if isinstance(workflows, list | tuple):
        parts += [(f"workflows[{i}]", w, Workflow) for i, w in enumerate(workflows)]
    for path, part, kind in parts:
        if not isinstance(part, Mapping):
            continue
        for key in part:
            if key not in kind.__struct_fields__:
                known = ", ".join(kind.__struct_fields__)
                raise JobRejected(
                    "malformed",
                    f"there is no field of that name here (known: {known})",
                    field=f"{path}.{key}" if path else str(key),
                )


def check_job(job: Job) -> None:
    """Judge a job by itself.

    Raises:
        JobRejected: names the field and the reason.
    """
    _check_name(job.name, "name")
    if not job.workflows:
        raise JobRejected("empty", "a job needs at least one workflow", field="workflows")
    if len(job.workflows) > MAX_WORKFLOWS:
        raise JobRejected(
            "too_large",
            f"{len(job.workflows)} workflows, at most {MAX_WORKFLOWS} fit in one job",
            field="workflows",
        )
    _check_positive(job.deadline_seconds, "deadline_seconds")
    if job.retry_budget is not None and job.retry_budget < 0:
        _refuse("retry_budget", f"{job.retry_budget} is negative")
    for index, workflow in enumerate(job.workflows):
        _check_workflow(workflow, f"workflows[{index}]")
    DependencyGraph(job.workflows)
    _check_placement(job)
    for index, report in enumerate(job.reports):
        kind, _, path = report.partition(":")
        if kind not in REPORT_KINDS or not path:
            _refuse(f"reports[{index}]", f"{report!r} is neither json:PATH nor csv:PATH")


def check_placeable(job: Job, rooms: Mapping[str, DatacenterRoom]) -> None:
    """Judge a job against the datacenters that exist.

    Args:
        job: already checked by itself.
        rooms: every configured datacenter, reachable or not.

    Raises:
        JobRejected: a datacenter that does not exist, or more cores than any worker has in
            any datacenter where the workflow may run.
    """
    known = ", ".join(sorted(rooms)) or "none"
    for index, name in enumerate(job.placement.datacenters):
        if name not in rooms:
            _refuse(
                f"placement.datacenters[{index}]",
                f"there is no datacenter {name!r} (known: {known})",
                code="unknown_datacenter",
            )
    placement = job.placement
    if rooms and placement.count > len(rooms):
        _refuse(
            "placement.count", f"{placement.count} asked for, {len(rooms)} exist (all: {known})"
        )
    allowed = placement.datacenters if placement.required else tuple(rooms)
    for index, workflow in enumerate(job.workflows):
        if workflow.datacenter and workflow.datacenter not in rooms:
            _refuse(
                f"workflows[{index}].datacenter",
                f"there is no datacenter {workflow.datacenter!r} (known: {known})",
                code="unknown_datacenter",
            )
        places = (workflow.datacenter,) if workflow.datacenter else allowed
        largest = [rooms[place].largest_worker for place in places]
        if all(largest) and largest and workflow.cores > max(largest):
            _refuse(
                f"workflows[{index}].cores",
                f"{workflow.cores} cores asked for, the largest worker has {max(largest)}",
                code="too_many_cores",
            )


def _check_workflow(workflow: Workflow, path: str) -> None:
    _check_name(workflow.name, f"{path}.name")
    if bool(workflow.run) == bool(workflow.command):
        _refuse(f"{path}.run", "give either run (an import path) or command, not both or neither")
    if workflow.run and not _IMPORT_PATH.fullmatch(workflow.run):
        _refuse(f"{path}.run", f"{workflow.run!r} is not of the form pkg.module:name")
    if workflow.cores < 1:
        _refuse(f"{path}.cores", f"{workflow.cores} is less than one core")
    if not 1 <= workflow.attempts <= MAX_ATTEMPTS:
        _refuse(f"{path}.attempts", f"{workflow.attempts} is not between 1 and {MAX_ATTEMPTS}")
    _check_positive(workflow.timeout_seconds, f"{path}.timeout_seconds")
    _check_positive(workflow.memory_bytes, f"{path}.memory_bytes")
    _check_positive(workflow.cpu_seconds, f"{path}.cpu_seconds")


def _check_placement(job: Job) -> None:
    placement = job.placement
    if placement.count < 0:
        _refuse("placement.count", f"{placement.count} is negative")
    if len(set(placement.datacenters)) != len(placement.datacenters):
        _refuse("placement.datacenters", "a datacenter is named twice")
    if placement.required and not placement.datacenters:
        _refuse("placement.required", "required needs the datacenters by name")
    if placement.required and placement.count > max(1, len(placement.datacenters)):
        _refuse("placement.count", "more datacenters asked for than are named as required")
    for name, share in placement.shares.items():
        if not share >= 0.0 or share == float("inf"):
            _refuse(f"placement.shares.{name}", f"{share} is not a weight")
    if placement.min_success is not None:
        if placement.mode != "replicate":
            _refuse("placement.min_success", "only a replicated job can miss datacenters")
        most = wanted(placement)
        if not 1 <= placement.min_success <= most:
            _refuse("placement.min_success", f"{placement.min_success} is not between 1 and {most}")
    if placement.mode == "replicate":
        for index, workflow in enumerate(job.workflows):
            if workflow.datacenter:
                _refuse(
                    f"workflows[{index}].datacenter",
                    "a replicated job runs every workflow in every datacenter",
                )


def _check_name(name: str, field: str) -> None:
    if not name.strip():
        _refuse(field, "a name is needed")
    if len(name) > MAX_NAME_CHARS:
        _refuse(field, f"{len(name)} characters, at most {MAX_NAME_CHARS} are allowed")
    if not name.isprintable():
        _refuse(field, "the name has characters that cannot be printed")


def _check_positive(value: float | None, field: str) -> None:
    if value is not None and not 0 < value < float("inf"):
        _refuse(field, f"{value} is not a positive amount")


def _refuse(field: str, reason: str, *, code: str = "invalid") -> None:
    raise JobRejected(code, reason, field=field)
