"""`shoal run`: submit a job file and follow it to its end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from distributed.commands.output import Output


def run(
    job: Path,
    *,
    gate: Annotated[tuple[str, ...], Parameter(negative="")] = ("127.0.0.1:7700",),
    detach: bool = False,
    key: str = "",
    json: bool = False,
    check_imports: bool = True,
) -> None:
    """Submit a job file and follow it to its end.

    Parameters
    ----------
    job
        TOML or JSON file; `-` reads JSON from standard input.
    gate
        Address of a gate; give several and another is used when one dies.
    detach
        Print the job's id and return.
    key
        Idempotency key: the same key and job is the same job, however often it is sent.
    json
        One JSON object a line.
    check_imports
        Look the functions up here too before sending anything.
    """
    from distributed.commands.job_file import read_job

    loaded = read_job(job, check_imports=check_imports)
    asyncio.run(_run(loaded, gate, detach=detach, key=key, output=Output(json=json)))


async def _run(
    job: object, gates: tuple[str, ...], *, detach: bool, key: str, output: Output
) -> None:
    from distributed.client import Client
    from distributed.commands.follow import follow, show_result
    from distributed.commands.view.story import Story
    from distributed.messages.job import Job

    assert isinstance(job, Job)
    async with Client(*gates) as client:
        handle = await client.submit(job, key=key or None)
        if detach:
            output.record({"job": handle.id})
            return
        story = Story(tuple(workflow.name for workflow in job.workflows))
        await follow(handle, story, f"{job.name} ({handle.id})", output)
        result = await handle.wait()
        show_result(result, output)
        result_of(result.job_id, result.state, result.reason)


def result_of(job_id: str, state: str, reason: str) -> None:
    """Turn a final state other than completed into the exit status that tells it.

    Raises:
        JobFailed: the job did not complete.
    """
    from distributed.errors import JobFailed

    if state != "completed":
        raise JobFailed(job_id, state, reason or "see the table above")
