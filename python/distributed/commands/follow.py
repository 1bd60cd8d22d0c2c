"""Following one job on a terminal, a pipe or as JSON lines, until it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from distributed.commands.output import Output
from distributed.commands.view.story import Story

if TYPE_CHECKING:
    from distributed.client import JobHandle
    from distributed.client.outcome import Outcome
    from distributed.messages.results import WorkflowResult
    from distributed.messages.submission import JobUpdate


async def follow(handle: JobHandle, story: Story, title: str, output: Output) -> None:
    """Show the job's updates until its last one."""
    if output.terminal:
        from rich.live import Live

        from distributed.commands.view.screen import picture

        with Live(picture(story, title), refresh_per_second=8, transient=False) as live:
            async for update in handle.updates():
                story.apply(update)
                live.update(picture(story, title))
        return
    async for update in handle.updates():
        happening = story.apply(update)
        if output.json:
            output.record({"job": handle.id, **_fields(update)})
        elif happening is not None:
            output.line(f"{happening.elapsed_seconds:8.2f}  {happening.text}")


def _fields(update: JobUpdate) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(update).items() if value}


def show_result(outcome: Outcome, output: Output) -> None:
    """The table a job ends with."""
    result = outcome.raw
    if output.json:
        output.record(
            {
                "job": result.job_id,
                "name": result.name,
                "state": result.state,
                "reason": result.reason,
                "elapsed_seconds": result.elapsed_seconds,
                "missing": dict(result.missing),
                "workflows": [
                    {
                        "workflow": entry.workflow,
                        "state": entry.state,
                        "datacenter": entry.datacenter,
                        "worker": entry.worker,
                        "attempt": entry.attempt,
                        "error": entry.error,
                        "value": value_of(entry),
                    }
                    for entry in result.workflows
                ],
            }
        )
        return
    rows = [
        {
            "workflow": entry.workflow,
            "state": entry.state,
            "datacenter": entry.datacenter,
            "worker": entry.worker,
            "attempt": entry.attempt,
            "seconds": f"{entry.run_seconds:.2f}",
            "result": _short(entry.error or value_of(entry)),
        }
        for entry in result.workflows
    ]
    columns = ("workflow", "state", "datacenter", "worker", "attempt", "seconds", "result")
    output.table(columns, rows, title=f"{result.name}: {result.state}")
    for workflow, why in result.missing:
        output.cells("missing", workflow, why)


def value_of(entry: WorkflowResult) -> object:
    """The return value of a completed workflow; None for any other."""
    from distributed.client.outcome import decode_value

    return decode_value(entry) if entry.state == "completed" else None


def _short(value: object, limit: int = 60) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
