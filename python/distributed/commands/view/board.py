"""What the live screen shows, as rows of text: made from a node's pages, without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from distributed.commands.output import age, harmless

CELL = 60
"""Characters of one text that others wrote."""


class Pane(msgspec.Struct, frozen=True):
    """One table: rows by a key that stays the same from picture to picture."""

    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]
    note: str = ""


def heading(overview: Mapping[str, Any]) -> str:
    """The node in one line."""
    node = overview.get("node")
    if not isinstance(node, dict):
        return cell(overview.get("error", "no answer yet"))
    up = age(node["uptime_seconds"]).removesuffix(" ago")
    place = f" of {cell(node['datacenter'])}" if node["datacenter"] else ""
    parts = [f"{node['role']} {cell(node['name'])}{place}: {cell(node['state'])}, up {up}"]
    parts += [
        f"{sum(counts.values())} {title} ({_counted(counts)})"
        for title, counts in (
            ("open", overview.get("open_jobs") or {}),
            ("ended", overview.get("ended_jobs") or {}),
        )
        if counts
    ]
    parts += [cell(note) for note in overview.get("notes", ())]
    return "  ·  ".join(parts)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items())


def datacenters(overview: Mapping[str, Any]) -> Pane:
    """Health, cores and queue by datacenter."""
    rows = {
        line["name"]: (
            cell(line["name"]),
            cell(line["bucket"]),
            str(line["managers"]),
            f"{line['healthy_workers']}/{line['workers']}",
            f"{line['cores'] - line['free_cores']}/{line['cores']}",
            str(line["queued"]),
            f"{line['dispatch_rate']:.1f}",
            "" if line["age_seconds"] is None else age(line["age_seconds"]),
        )
        for line in overview.get("datacenters", ())
    }
    columns = ("datacenter", "health", "managers", "workers", "cores", "queued", "1/s", "told")
    return Pane("Datacenters", columns, rows, _said(overview))


def deaths(overview: Mapping[str, Any]) -> Pane:
    """Who went and why; then who is there and not well."""
    rows = {
        f"gone {line['name']} {line['seconds_ago']}": (
            cell(line["name"]),
            cell(line["role"]),
            "died" if line["died"] else "left",
            age(line["seconds_ago"]),
            cell(line["reason"]),
        )
        for line in overview.get("deaths", ())
    }
    rows |= {
        f"unwell {line['name']} {line['reason']}": (
            cell(line["name"]),
            cell(line["role"]),
            "unwell",
            "now",
            cell(line["reason"]),
        )
        for line in overview.get("degraded", ())
    }
    return Pane("Deaths and trouble", ("node", "role", "what", "when", "why"), rows)


def jobs(page: Mapping[str, Any]) -> Pane:
    """Jobs, newest first."""
    rows = {
        line["id"]: (
            cell(line["id"][:12]),
            cell(line["name"]),
            cell(line["state"]),
            f"{line['done']}/{line['total']}" if line["total"] else "",
            age(line["age_seconds"]),
            cell(line["owner"]),
            cell(line["reason"]),
        )
        for line in page.get("jobs", ())
    }
    columns = ("job", "name", "state", "done", "age", "owner", "reason")
    return Pane("Jobs", columns, rows, _said(page))


def workers(page: Mapping[str, Any]) -> Pane:
    """Workers, the fullest first."""

    def fullness(line: Mapping[str, Any]) -> tuple[float, str]:
        return -line["bound"] / max(1, line["cores"]), line["name"]

    rows = {
        line["name"]: (
            cell(line["name"]),
            cell(line["datacenter"]),
            cell(line["standing"]),
            f"{line['bound']}/{line['cores']}",
            str(line["ahead"]),
            "" if line["heard_seconds_ago"] is None else age(line["heard_seconds_ago"]),
        )
        for line in sorted(page.get("workers", ()), key=fullness)
    }
    columns = ("worker", "datacenter", "standing", "cores", "waiting", "heard")
    return Pane("Workers", columns, rows, _said(page))


def workflows(page: Mapping[str, Any]) -> Pane:
    """One job's workflows."""
    job = page.get("job")
    if not isinstance(job, dict):
        return Pane("Job", ("workflow",), {}, _said(page))
    rows = {
        f"{line['name']} {line['datacenter']}": (
            cell(line["name"]),
            cell(line["state"]),
            cell(line["datacenter"]),
            cell(line["worker"]),
            str(line["attempt"]),
            f"{line['done']}/{line['total']}" if line["total"] else "",
            cell(line["reason"]),
        )
        for line in job["workflows"]
    }
    title = f"{cell(job['name'])} {cell(job['job_id'])}: {cell(job['state'])}"
    columns = ("workflow", "state", "datacenter", "worker", "attempt", "progress", "reason")
    return Pane(f"{title} {cell(job['reason'])}".rstrip(), columns, rows)


def matching(pane: Pane, text: str) -> Pane:
    """The rows in which some cell holds the text, whatever its case."""
    wanted = text.casefold()
    kept = {
        key: row for key, row in pane.rows.items() if any(wanted in part.casefold() for part in row)
    }
    return msgspec.structs.replace(pane, rows=kept)


def cell(text: object) -> str:
    """A text that others wrote, harmless and short."""
    return harmless(text, CELL)


def _said(page: Mapping[str, Any]) -> str:
    return cell(page["error"]) if page.get("error") else ""


PANES: Iterable[tuple[str, str, Callable[[Mapping[str, Any]], Pane]]] = (
    ("datacenters", "/overview.json", datacenters),
    ("deaths", "/overview.json", deaths),
    ("jobs", "/jobs.json", jobs),
    ("workers", "/workers.json", workers),
)
"""Name, page and rows of each table of the screen."""
