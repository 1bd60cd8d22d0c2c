"""The demonstration's job: fetching, counting, and one workflow that waits for both."""

from __future__ import annotations

from pathlib import Path

from distributed.messages.job import Job, Placement, Workflow

WORK = "distributed.commands.demo.work"
TEXT = Path(__file__).with_name("declaration.txt")


def preferring_job(datacenter: str, *, workflows: int = 4) -> Job:
    """A small job that would rather run in one datacenter."""
    return Job(
        name=f"prefers-{datacenter}",
        workflows=tuple(
            Workflow(name=f"part-{number}", run=f"{WORK}:combine")
            for number in range(1, workflows + 1)
        ),
        placement=Placement(datacenters=(datacenter,)),
        deadline_seconds=60.0,
    )


def demo_job(url: str, datacenters: tuple[str, ...], *, pace: float = 1.0) -> Job:
    """Two fetches and two counts in each datacenter, then a summary.

    `pace` stretches the pauses between units of work; zero runs flat out.
    """
    fetches = [
        Workflow(
            name=f"fetch-{datacenter}-{number}",
            run=f"{WORK}:fetch_pages",
            args={"url": url, "pages": 150, "pause_seconds": 0.04 * pace},
            datacenter=datacenter,
        )
        for datacenter in datacenters
        for number in (1, 2)
    ]
    parts = 2 * len(datacenters)
    counts = [
        Workflow(
            name=f"count-{part + 1}",
            run=f"{WORK}:count_words",
            args={
                "path": str(TEXT),
                "part": part,
                "parts": parts,
                "pause_seconds": 0.4 * pace,
            },
            datacenter=datacenters[part % len(datacenters)],
        )
        for part in range(parts)
    ]
    names = tuple(workflow.name for workflow in (*fetches, *counts))
    summary = Workflow(name="summary", run=f"{WORK}:combine", after=names)
    return Job(
        name="demonstration",
        workflows=(*fetches, *counts, summary),
        placement=Placement(datacenters=datacenters, count=len(datacenters)),
        deadline_seconds=120.0,
        meta={"purpose": "demonstration"},
    )
