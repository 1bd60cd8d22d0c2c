"""`shoal run`: submit a job file and follow it to its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from distributed.commands.connect import DEFAULT_FLAGS, GateFlags
from distributed.commands.output import Output

if TYPE_CHECKING:
    from distributed.client import Client
    from distributed.client.outcome import Outcome
    from distributed.messages.job import Job


def run(
    job: Path,
    *,
    flags: GateFlags = DEFAULT_FLAGS,
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
    output = Output(json=json)

    async def act(client: Client) -> None:
        await _run(client, loaded, detach=detach, key=key, output=output)

    flags.run(act)


async def _run(client: Client, job: Job, *, detach: bool, key: str, output: Output) -> None:
    from distributed.commands.follow import follow, show_result
    from distributed.commands.view.story import Story

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
