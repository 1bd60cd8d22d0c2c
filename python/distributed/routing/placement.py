"""Which datacenters have which part of a job: the one place that decides it.

A gate keeps each part beside what came of it, in the job's record; `jobs.outcome` judges the
job by the parts that it has. When a part moves, the set that the job waits for changes with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from distributed.messages.job import Job, Placement, Workflow


def wanted(placement: Placement) -> int:
    """How many datacenters the job asks for."""
    return placement.count if placement.count > 0 else max(1, len(set(placement.datacenters)))


def needed(placement: Placement) -> int:
    """How many datacenters must complete a replicated job: all that it asks for, or fewer."""
    return wanted(placement) if placement.min_success is None else placement.min_success


def lacking(job: Job, datacenters: Sequence[str]) -> str:
    """Why the job cannot start with these datacenters alone; "" where it can.

    A split job makes do with fewer than it asks for: each workflow still runs once.
    """
    for workflow in job.workflows:
        if workflow.datacenter and workflow.datacenter not in datacenters:
            return f"workflow {workflow.name!r} is bound to {workflow.datacenter}"
    least = needed(job.placement) if job.placement.mode == "replicate" else 1
    if len(datacenters) < least:
        return f"{len(datacenters)} of {least} needed datacenters can take the job"
    return ""


def parts(job: Job, datacenters: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What each datacenter runs, best first; () stands for every workflow.

    Those that have nothing to run are left out.

    Raises:
        ValueError: a workflow is bound to a datacenter that is not among them.
    """
    if job.placement.mode == "replicate" or len(datacenters) == 1:
        return dict.fromkeys(datacenters, ())
    split = divide(job.workflows, weights(job.placement, datacenters))
    return {name: names for name, names in split.items() if names}


def bound(job: Job, datacenter: str) -> bool:
    """Whether a workflow must run there and nowhere else, so that its part cannot move."""
    return any(workflow.datacenter == datacenter for workflow in job.workflows)


def weights(placement: Placement, datacenters: Sequence[str]) -> dict[str, float]:
    """Each datacenter's weight: the job's, or an equal one. Best first, as given."""
    return {name: max(0.0, placement.shares.get(name, 1.0)) for name in datacenters}


def divide(workflows: Sequence[Workflow], shares: dict[str, float]) -> dict[str, tuple[str, ...]]:
    """Split workflows over datacenters so that cores follow the shares.

    A workflow bound to a datacenter goes there. The others go, widest first, to the datacenter
    that is furthest behind its share, so that none exceeds it by more than one workflow; among
    equals to where what they wait for runs, then to the earlier one.

    Raises:
        ValueError: a workflow is bound to a datacenter that takes no part.
    """
    chosen: dict[str, str] = {}
    cores = dict.fromkeys(shares, 0.0)
    for workflow in workflows:
        if workflow.datacenter:
            if workflow.datacenter not in shares:
                raise ValueError(f"{workflow.name} is bound to {workflow.datacenter}, not in use")
            chosen[workflow.name] = workflow.datacenter
            cores[workflow.datacenter] += workflow.cores
    usable = {name: share for name, share in shares.items() if share > 0.0} or dict.fromkeys(
        shares, 1.0
    )
    order = {name: rank for rank, name in enumerate(usable)}
    whole = sum(workflow.cores for workflow in workflows) / sum(usable.values())
    fair = {name: share * whole for name, share in usable.items()}
    for workflow in sorted(workflows, key=lambda workflow: -workflow.cores):
        if workflow.name in chosen:
            continue
        near = {chosen[name] for name in workflow.after if name in chosen}
        best = min(
            usable,
            key=lambda name: (
                round(cores[name] - fair[name], 9),
                name not in near,
                order[name],
            ),
        )
        chosen[workflow.name] = best
        cores[best] += workflow.cores
    names = [workflow.name for workflow in workflows]
    return {dc: tuple(name for name in names if chosen[name] == dc) for dc in shares}
