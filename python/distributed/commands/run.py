"""`shoal run`: submit a job file and follow it to its end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from distributed.commands.output import Output

if TYPE_CHECKING:
    from distributed.client.outcome import Outcome
    from distributed.messages.job import Job


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


async def _run(job: Job, gates: tuple[str, ...], *, detach: bool, key: str, output: Output) -> None:
    from distributed.client import Client
    from distributed.commands.follow import follow, show_result
    from distributed.commands.view.story import Story

    async with Client(gates) as client:
        handle = await client.submit(job, key=key, watch=not detach)
        if detach:
            output.record({"job": handle.id})
            return
        story = Story(tuple(workflow.name for workflow in job.workflows))
        await follow(handle, story, f"{job.name} ({handle.id})", output)
        outcome = await handle.result(check=False)
        show_result(outcome, output)
        ended_well(outcome)


def ended_well(outcome: Outcome) -> None:
    """Turn a final state other than completed into the exit status that tells it.

    Raises:
        JobFailed: the job did not complete.
    """
    from distributed.errors import JobFailed

    if outcome.state != "completed":
        raise JobFailed(outcome.job_id, outcome.state, outcome.reason or "see the table above")
