"""A job's report: one self-contained HTML file without scripts, or rows of CSV."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from distributed.messages.submission import JobEvent, JobView, LogLine
from distributed.telemetry.text import inert

from .course import elapsed_of, runs_of, windows_of
from .draw.chart import chart
from .draw.graph import graph
from .draw.stream import stream
from .models import JobPage, Plot, Window
from .render import make_environment

STYLE = Path(__file__).with_name("static") / "shoal.css"
COLUMNS = (
    "workflow",
    "state",
    "datacenter",
    "worker",
    "attempt",
    "start_seconds",
    "end_seconds",
    "run_seconds",
    "reason",
)


def job_page(
    view: JobView,
    events: Sequence[JobEvent],
    decisions: Sequence[dict[str, object]] = (),
    logs: Sequence[LogLine] = (),
    *,
    logs_dropped: int = 0,
) -> JobPage:
    """What clients can read of a job, as the status page's own value."""
    elapsed = elapsed_of(view)
    return JobPage(
        job=view,
        elapsed_seconds=elapsed,
        runs=runs_of(view, events, {}),
        windows=windows_of(view, elapsed),
        latencies=view.datacenters,
        events=tuple(events),
        decisions=tuple(decisions),
        logs=tuple(logs),
        logs_dropped=logs_dropped,
    )


def html_report(page: JobPage) -> str:
    """A document that needs no other file, no script and no network."""
    environment = make_environment()
    environment.globals.update(draw_graph=graph, draw_stream=stream)
    fragment = environment.get_template("job.html").render(it=page, base="", report=True)
    return environment.get_template("report.html").render(
        it=page,
        style=STYLE.read_text(),
        charts=[chart(plot) for plot in window_plots(page.windows)],
        fragment=fragment,
    )


def csv_report(page: JobPage) -> str:
    """One row for each run, then for each workflow that never ran; text cells are inert."""
    reasons = {(line.name, line.datacenter): line.reason for line in page.job.workflows}
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    ran = set()
    for run in page.runs:
        key = (run.workflow, run.datacenter)
        ran.add(key)
        took = "" if run.end is None else round(run.end - run.start, 6)
        end = "" if run.end is None else round(run.end, 6)
        named = map(inert, (run.workflow, run.state, run.datacenter, run.worker))
        why = inert(reasons.get(key, "") if run.state != "lost" else "its worker was lost")
        rows.writerow([*named, run.attempt, round(run.start, 6), end, took, why])
    for line in page.job.workflows:
        if (line.name, line.datacenter) not in ran:
            named = map(inert, (line.name, line.state, line.datacenter, line.worker))
            rows.writerow([*named, line.attempt, "", "", "", inert(line.reason)])
    return out.getvalue()


def _every_end(windows: Sequence[Window]) -> list[float]:
    """Ends of all windows from the first to the last, those in which nothing ended too."""
    if not windows:
        return []
    width = windows[0].end - windows[0].start
    last = round(max(window.end for window in windows) / width)
    first = round(min(window.end for window in windows) / width)
    return [index * width for index in range(first, last + 1)]


def window_plots(windows: Sequence[Window]) -> tuple[Plot, Plot]:
    """Throughput and run times over the job's time, a line for each datacenter."""
    ends = _every_end(windows)
    held: dict[str, dict[float, Window]] = defaultdict(dict)
    for window in windows:
        held[window.datacenter][window.end] = window
    times: tuple[float | None, ...] = tuple(ends)
    rates: list[tuple[float | None, ...]] = [times]
    spreads: list[tuple[float | None, ...]] = [times]
    labels: list[str] = []
    for datacenter, by_end in sorted(held.items()):
        named = datacenter or "anywhere"
        rates.append(tuple(by_end[end].throughput if end in by_end else 0.0 for end in ends))
        for share in ("p50", "p95", "p99"):
            labels.append(f"{named} {share}")
            spreads.append(
                tuple(getattr(by_end[end], share) if end in by_end else None for end in ends)
            )
    return (
        Plot(
            title="Workflows ended",
            unit="1/s",
            series=tuple(name or "anywhere" for name in sorted(held)),
            columns=tuple(rates),
            horizontal="job time",
        ),
        Plot(
            title="Run time of those that ended",
            unit="s",
            series=tuple(labels),
            columns=tuple(spreads),
            horizontal="job time",
        ),
    )
