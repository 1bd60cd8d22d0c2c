"""`shoal job report`: a job as one file that can be sent."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distributed.commands.connect import DEFAULT_FLAGS, GateFlags
from distributed.commands.output import Output, writing
from distributed.errors import ConfigError

if TYPE_CHECKING:
    from distributed.client import Client, JobHandle
    from distributed.messages.submission import JobEvent, LogLine
    from distributed.web.models import JobPage

PAGES = 100
"""Pages of history or of output that are fetched at most."""


def report(
    job: str,
    *,
    html: Path | None = None,
    csv: Path | None = None,
    flags: GateFlags = DEFAULT_FLAGS,
    json: bool = False,
) -> None:
    """Write all that is known of a job: as a page with plots, as rows, or as JSON.

    Parameters
    ----------
    job
        Id or unique prefix.
    html
        One self-contained file with tables and plots.
    csv
        One row for each run of a workflow.
    json
        Everything as one JSON object.
    """
    if html is None and csv is None and not json:
        raise ConfigError("say what to write: --html FILE, --csv FILE or --json", field="html")
    from distributed.web.plain import plain
    from distributed.web.report import csv_report, html_report

    page = flags.run(partial(_page, job))
    output = Output(json=json)
    if json:
        output.record(plain(page))
    for path, make in ((html, html_report), (csv, csv_report)):
        if path is not None:
            with writing():
                path.write_text(make(page), encoding="utf-8")
            output.line(f"written: {path}")


async def _page(job: str, client: Client) -> JobPage:
    from distributed.web.report import job_page

    view = await client.job(job).show()
    handle = client.job(view.job_id)
    logs, dropped = await _logs(handle)
    decisions = (await handle.explain()).decisions
    return job_page(view, await _events(handle), decisions, logs, logs_dropped=dropped)


async def _events(handle: JobHandle) -> list[JobEvent]:
    events: list[JobEvent] = []
    for _ in range(PAGES):
        page = (await handle.history(after=events[-1].sequence if events else 0)).events
        if not page:
            break
        events += page
    return events


async def _logs(handle: JobHandle) -> tuple[list[LogLine], int]:
    """The newest captured lines, and how many before them are gone."""
    from distributed.errors import JobGone

    lines: list[LogLine] = []
    after = dropped = 0
    for _ in range(PAGES):
        try:
            page = await handle.logs(after=after)
        except JobGone:
            break
        lines += page.lines
        dropped = page.dropped
        if page.next_line <= after:
            break
        after = page.next_line
    return lines, dropped
