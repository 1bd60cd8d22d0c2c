"""`shoal job …`: looking at jobs and acting on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from distributed.commands.connect import DEFAULT_FLAGS, GateFlags
from distributed.commands.output import Output, age, check_every
from distributed.errors import ConfigError
from distributed.types import JobState

if TYPE_CHECKING:
    from distributed.client import Client


def list_jobs(
    *,
    flags: GateFlags = DEFAULT_FLAGS,
    state: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    name: str = "",
    limit: int = 100,
    watch: bool = False,
    every: float = 2.0,
    json: bool = False,
) -> None:
    """Jobs, newest first.

    Parameters
    ----------
    state
        Only jobs in this state; may be given several times.
    name
        Only jobs of exactly this name.
    limit
        At most this many.
    watch
        List them again and again, until interrupted.
    every
        Seconds between two lists.
    json
        One JSON object a line.
    """
    check_every(every)
    unknown = [one for one in state if one not in set(JobState)]
    if unknown:
        known = ", ".join(JobState)
        raise ConfigError(f"{unknown[0]!r} is no state; there are {known}", field="state")
    output = Output(json=json)

    async def act(client: Client) -> None:
        await listed(client)
        while watch:
            await client.clock.sleep(every)
            output.start_over()
            await listed(client)

    async def listed(client: Client) -> None:
        rows = [
            {
                "job": view.job_id,
                "name": view.name,
                "state": view.state,
                "owner": view.owner,
                "age": view.age_seconds if json else age(view.age_seconds),
            }
            for view in await client.jobs(states=state, name=name, limit=limit)
        ]
        output.table(("job", "name", "state", "owner", "age"), rows)

    flags.run(act)


def show(job: str, *, flags: GateFlags = DEFAULT_FLAGS, json: bool = False) -> None:
    """One job and its workflows.

    Parameters
    ----------
    job
        Id or unique prefix.
    json
        One JSON object.
    """

    async def act(client: Client) -> None:
        view = await client.job(job).show()
        output = Output(json=json)
        if json:
            output.record(view)
            return
        output.line(f"{view.name} {view.job_id} {view.state} {view.reason}".rstrip())
        output.line(f"owner {view.owner}, epoch {view.epoch}, accepted {age(view.age_seconds)}")
        columns = ("workflow", "state", "datacenter", "worker", "attempt", "progress", "reason")
        output.table(
            columns,
            [
                {
                    "workflow": line.name,
                    "state": line.state,
                    "datacenter": line.datacenter,
                    "worker": line.worker,
                    "attempt": line.attempt,
                    "progress": f"{line.done}/{line.total}" if line.total else "",
                    "reason": line.reason,
                }
                for line in view.workflows
            ],
        )

    flags.run(act)


def watch(job: str, *, flags: GateFlags = DEFAULT_FLAGS, json: bool = False) -> None:
    """Follow a job as it runs; its final state is the exit status.

    Parameters
    ----------
    job
        Id or unique prefix.
    json
        One JSON object a line.
    """

    async def act(client: Client) -> None:
        from distributed.commands.follow import follow, show_result
        from distributed.commands.run import ended_well
        from distributed.commands.view.story import Story

        view = await client.job(job).show()
        handle = client.job(view.job_id)
        output = Output(json=json)
        await follow(handle, Story.of(view), f"{view.name} ({view.job_id})", output)
        outcome = await handle.result(check=False)
        show_result(outcome, output)
        ended_well(outcome)

    flags.run(act)


def cancel(
    job: str,
    *,
    workflow: str = "",
    reason: str = "",
    flags: GateFlags = DEFAULT_FLAGS,
    json: bool = False,
) -> None:
    """Cancel a job, or one workflow and what depends on it; says what became of each.

    Parameters
    ----------
    job
        Id or unique prefix.
    workflow
        Only this workflow and its dependants.
    reason
        Kept with the job.
    json
        One JSON object a line.
    """

    async def act(client: Client) -> None:
        view = await client.job(job).show()
        outcomes = await client.job(view.job_id).cancel(workflow, reason=reason)
        rows = [{"workflow": name, "outcome": outcome} for name, outcome in outcomes.items()]
        Output(json=json).table(("workflow", "outcome"), rows)

    flags.run(act)


def result(
    job: str, *, wait: bool = False, flags: GateFlags = DEFAULT_FLAGS, json: bool = False
) -> None:
    """A job's final result; status 1 while it has not ended.

    Parameters
    ----------
    job
        Id or unique prefix.
    wait
        Wait for the end.
    json
        One JSON object.
    """

    async def act(client: Client) -> None:
        from distributed.commands.follow import show_result
        from distributed.commands.run import ended_well
        from distributed.errors import JobError
        from distributed.types import JobState

        view = await client.job(job).show()
        if not wait and not JobState(view.state).final:
            raise JobError(f"job {view.job_id} is {view.state} and has no result yet")
        outcome = await client.job(view.job_id).result(check=False)
        show_result(outcome, Output(json=json))
        ended_well(outcome)

    flags.run(act)


def history(job: str, *, flags: GateFlags = DEFAULT_FLAGS, json: bool = False) -> None:
    """A job's events in order, as the ledger keeps them.

    Parameters
    ----------
    job
        Id or unique prefix.
    json
        One JSON object a line.
    """

    async def act(client: Client) -> None:
        view = await client.job(job).show()
        rows = [
            {
                "sequence": event.sequence,
                "kind": event.kind,
                "detail": event.detail if json else _in_words(event.detail),
            }
            for event in (await client.job(view.job_id).history()).events
        ]
        Output(json=json).table(("sequence", "kind", "detail"), rows)

    flags.run(act)


def _in_words(detail: Mapping[str, object]) -> str:
    """What an event adds to its kind and place, as `name=value`."""
    return " ".join(
        f"{name}={value}" for name, value in detail.items() if name not in ("sequence", "kind")
    )


def logs(
    job: str, *, workflow: str = "", flags: GateFlags = DEFAULT_FLAGS, json: bool = False
) -> None:
    """Captured output of a job's workflows, the newest lines of it, for as long as it is known.

    Parameters
    ----------
    job
        Id or unique prefix.
    workflow
        Only this workflow's.
    json
        One JSON object a line.
    """

    async def act(client: Client) -> None:
        view = await client.job(job).show()
        output = Output(json=json)
        handle, after, more = client.job(view.job_id), 0, True
        while more:
            page = await handle.logs(workflow, after=after)
            for line in page.lines:
                if json:
                    output.record(line)
                else:
                    output.cells(line.workflow, line.stream, line.text)
            more, after = page.next_line > after, page.next_line

    flags.run(act)


def explain(job: str, *, flags: GateFlags = DEFAULT_FLAGS, json: bool = False) -> None:
    """Why a job ran where it ran: each routing decision with its candidates and reasons.

    Parameters
    ----------
    job
        Id or unique prefix.
    json
        One JSON object a line.
    """

    async def act(client: Client) -> None:
        view = await client.job(job).show()
        _decisions((await client.job(view.job_id).explain()).decisions, Output(json=json))

    flags.run(act)


def plan(job: Path, *, flags: GateFlags = DEFAULT_FLAGS, json: bool = False) -> None:
    """Where a job would go now, and why; nothing is stored.

    Parameters
    ----------
    job
        TOML or JSON file.
    json
        One JSON object a line.
    """
    from distributed.commands.job_file import read_job

    loaded = read_job(job)

    async def act(client: Client) -> None:
        _decisions((await client.plan(loaded)).decisions, Output(json=json))

    flags.run(act)


def _decisions(decisions: tuple[dict[str, object], ...], output: Output) -> None:
    from distributed.commands.view.decisions import tell

    for decision in decisions:
        if output.json:
            output.record(decision)
        else:
            tell(decision, output)
