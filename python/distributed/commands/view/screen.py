"""The live terminal picture of a job."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from distributed.commands.output import harmless
from distributed.commands.view.story import Story, WorkflowLine

COLOURS = {
    "running": "cyan",
    "completed": "green",
    "failed": "red",
    "lost": "yellow",
    "cancelled": "magenta",
    "timed_out": "red",
}
MOST_WORKFLOWS = 20
MOST_HAPPENINGS = 8
BAR_CELLS = 24


def picture(story: Story, title: str) -> RenderableType:
    """Workflows, datacenters and the newest happenings."""
    return Group(
        Text.from_markup(
            f"[bold]{escape(harmless(title))}[/bold]  {coloured(story.state)}  "
            f"{story.elapsed_seconds:.1f} s  {_counts(story)}"
        ),
        workflow_table(story),
        datacenter_table(story),
        happenings(story),
    )


def coloured(state: str) -> str:
    """A state in its colour, as markup."""
    colour = COLOURS.get(state, "white")
    return f"[{colour}]{escape(harmless(state))}[/{colour}]"


def _counts(story: Story) -> str:
    return "  ".join(f"{count} {state}" for state, count in sorted(story.counts().items()))


def workflow_table(story: Story) -> Table:
    """The workflows; a job of many shows those that are not done first."""
    table = Table(header_style="bold", expand=True)
    for column in ("workflow", "state", "progress", "datacenter", "worker", "attempt"):
        table.add_column(column)
    lines = sorted(story.workflows.values(), key=lambda line: line.state == "completed")
    for line in lines[:MOST_WORKFLOWS]:
        table.add_row(
            escape(harmless(line.name)),
            coloured(line.state),
            _bar(line),
            escape(harmless(line.datacenter)),
            escape(harmless(line.worker)),
            str(line.attempt or ""),
        )
    if len(lines) > MOST_WORKFLOWS:
        table.add_row(f"… {len(lines) - MOST_WORKFLOWS} more", "", "", "", "", "")
    return table


def _bar(line: WorkflowLine) -> Text:
    done = line.state == "completed"
    share = 1.0 if done else line.done / line.total if line.total else 0.0
    filled = int(share * BAR_CELLS)
    text = Text("━" * filled, style=COLOURS["completed" if done else "running"])
    text.append("╌" * (BAR_CELLS - filled), style="dim")
    if line.total and not done:
        text.append(f" {line.done}/{line.total}")
    return text


def datacenter_table(story: Story) -> Table:
    """Progress, throughput and latency by datacenter."""
    table = Table(header_style="bold", expand=True)
    for column in ("datacenter", "done", "failed", "reports", "reports/s", "p50", "p95", "p99"):
        table.add_column(column, justify="left" if column == "datacenter" else "right")
    for entry in sorted(story.datacenters.values(), key=lambda entry: entry.datacenter):
        table.add_row(
            escape(harmless(entry.datacenter)),
            f"{entry.done}/{entry.total}",
            str(entry.failed),
            str(entry.reports),
            f"{entry.rate:.1f}",
            *(_milliseconds(value) for value in (entry.p50, entry.p95, entry.p99)),
        )
    return table


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.1f} ms"


def happenings(story: Story) -> RenderableType:
    """The newest lines of the story."""
    lines = [
        f"[dim]{line.elapsed_seconds:7.2f} s[/dim]  {escape(harmless(line.text))}"
        for line in story.happenings[-MOST_HAPPENINGS:]
    ]
    return Text.from_markup("\n".join(lines))
