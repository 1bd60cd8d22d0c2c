"""What a user submits: a job, its workflows, and where it may run.

These are written as maps, not arrays, so that a job file in TOML or JSON decodes to them
directly.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Workflow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One unit of execution.

    Attributes:
        name: unique within the job.
        run: import path of a function or coroutine, `pkg.module:name`; or "" with `command`.
        command: an argument vector to run instead of `run`.
        args: keyword arguments, msgspec-encodable.
        cores: cores held while it runs.
        priority: higher runs earlier; waiting raises it.
        timeout_seconds: for one attempt; None leaves only the job's deadline.
        attempts: how many times it may be started.
        after: names of workflows whose results it receives and waits for.
        memory_bytes: resident limit for the subprocess; None for no limit.
        cpu_seconds: processor time limit for one attempt; None for no limit.
        datacenter: run it in this datacenter only; "" leaves it to the job's placement.
    """

    name: str
    run: str = ""
    command: tuple[str, ...] = ()
    args: dict[str, Any] = {}
    cores: int = 1
    priority: int = 0
    timeout_seconds: float | None = None
    attempts: int = 3
    after: tuple[str, ...] = ()
    memory_bytes: int | None = None
    cpu_seconds: float | None = None
    datacenter: str = ""


class Placement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a job may run.

    Attributes:
        datacenters: named datacenters, in order of preference.
        required: the names are a constraint; else a preference.
        count: how many datacenters take part; 0 means all that are named (or one).
        mode: `split` runs each workflow once, spread over the datacenters; `replicate`
            runs every workflow in every one.
        shares: weight of each datacenter under `split`; absent means equal.
        min_success: under `replicate`, how many datacenters must complete; None for all.
    """

    datacenters: tuple[str, ...] = ()
    required: bool = False
    count: int = 1
    mode: Literal["split", "replicate"] = "split"
    shares: dict[str, float] = {}
    min_success: int | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named set of workflows.

    Attributes:
        name: for people; ids are made by the client.
        deadline_seconds: hard limit from acceptance to end; None takes the gate's limit.
        retry_budget: restarts allowed over all workflows; None derives it from them.
        exclusive: nothing else runs on a worker beside this job's workflows.
        reports: where finals go besides the client: `json:PATH`, `csv:PATH`.
        meta: free labels, shown and searchable.
    """

    name: str
    workflows: tuple[Workflow, ...]
    placement: Placement = Placement()
    deadline_seconds: float | None = None
    retry_budget: int | None = None
    exclusive: bool = False
    reports: tuple[str, ...] = ()
    meta: dict[str, str] = {}
