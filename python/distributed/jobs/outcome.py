"""How the results of attempts and datacenters become one answer about a job.

The rules, in order:

1. One attempt, one result: the first that is recorded for (workflow, datacenter, attempt).
2. Several attempts of one workflow in one datacenter: a completed one beats any other; of
   two completed ones the lower attempt counts, of two others the higher.
3. A cancellation that the owner ordered before the last result makes the job cancelled, a
   deadline that passed makes it timed out; results already recorded stay in the answer.
4. Split over datacenters: completed if every workflow completed, else failed.
5. Replicated: a datacenter completed if all workflows completed there; the job completed if
   at least `min_success` datacenters did (all that it asked for where that is not given).
6. What was asked for and has no result is listed as missing, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from distributed.messages.job import Job
from distributed.messages.results import WorkflowResult
from distributed.routing.placement import needed, wanted
from distributed.types import JobState, WorkflowState

COMPLETED = WorkflowState.COMPLETED.value


class Outcome(msgspec.Struct, frozen=True):
    """The final answer: state, why, and what did not run."""

    state: JobState
    reason: str
    missing: tuple[tuple[str, str], ...] = ()


def better(held: WorkflowResult | None, offered: WorkflowResult) -> WorkflowResult:
    """Which of two results of one workflow in one datacenter counts (rules 1 and 2)."""
    if held is None:
        return offered
    held_done, offered_done = held.state == COMPLETED, offered.state == COMPLETED
    if held_done != offered_done:
        return held if held_done else offered
    if held_done:
        return held if held.attempt <= offered.attempt else offered
    return held if held.attempt >= offered.attempt else offered


def answers(job: Job, results: Iterable[WorkflowResult]) -> tuple[WorkflowResult, ...]:
    """The results that count in the job's answer, in the order given.

    Where each workflow runs once, one datacenter's part may have moved to another and both have
    answered: the first that completed counts, else the first that came.
    """
    found = tuple(results)
    if job.placement.mode == "replicate":
        return found
    chosen: dict[str, WorkflowResult] = {}
    for result in found:
        held = chosen.get(result.workflow)
        if held is None or (held.state != COMPLETED and result.state == COMPLETED):
            chosen[result.workflow] = result
    return tuple(result for result in found if chosen[result.workflow] is result)


def ordered(job: Job, results: Iterable[WorkflowResult]) -> tuple[WorkflowResult, ...]:
    """The job's answer in its one order: by datacenter, there as the job lists its workflows."""
    place = {workflow.name: index for index, workflow in enumerate(job.workflows)}
    last = len(place)
    return tuple(
        sorted(answers(job, results), key=lambda r: (r.datacenter, place.get(r.workflow, last)))
    )


def expected(job: Job, placed: Mapping[str, Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """(workflow, datacenter) pairs that the job waits for, by datacenter, in its order.

    Args:
        job: what was asked for.
        placed: datacenter to the names it runs; an empty sequence means all of them.
    """
    every = tuple(workflow.name for workflow in job.workflows)
    return tuple(
        (name, datacenter) for datacenter, names in placed.items() for name in names or every
    )


def judge(
    job: Job,
    placed: Mapping[str, Sequence[str]],
    results: Iterable[WorkflowResult],
    *,
    ordered: JobState | None = None,
    ordered_reason: str = "",
    gaps: Mapping[str, str] | None = None,
) -> Outcome:
    """The job's final state from what is recorded (rules 3 to 6).

    Args:
        job: what was asked for.
        placed: datacenter to the names it runs; an empty sequence means all of them.
        results: what is recorded, one for each (workflow, datacenter).
        ordered: cancelled, timed out or failed, where the owner decided so first.
        ordered_reason: why it did.
        gaps: workflow name to the reason why it has no result, where one is known.
    """
    held = {(r.workflow, r.datacenter): r for r in results}
    wanted = expected(job, placed) or tuple((w.name, "") for w in job.workflows)
    several = len(placed) > 1 and job.placement.mode == "replicate"
    missing = tuple(
        (f"{name}@{datacenter}" if several else name, _why(name, gaps, ordered, ordered_reason))
        for name, datacenter in wanted
        if (name, datacenter) not in held
    )
    missing += _never_placed(job, len(placed))
    if ordered is not None:
        return Outcome(ordered, ordered_reason, missing)
    bad: dict[str, list[str]] = {datacenter: [] for datacenter in placed}
    for name, datacenter in wanted:
        result = held.get((name, datacenter))
        if result is None or result.state != COMPLETED:
            bad.setdefault(datacenter, []).append(_blame(name, result, gaps))
    if job.placement.mode == "replicate":
        return _judge_replicas(job, bad, missing)
    faults = [fault for faults in bad.values() for fault in faults]
    if faults:
        return Outcome(JobState.FAILED, _sentence(faults, len(wanted)), missing)
    return Outcome(JobState.COMPLETED, "every workflow completed", missing)


def _judge_replicas(
    job: Job, bad: Mapping[str, list[str]], missing: tuple[tuple[str, str], ...]
) -> Outcome:
    good = [datacenter for datacenter, faults in bad.items() if not faults]
    least = needed(job.placement)
    failed = "; ".join(f"{dc}: {faults[0]}" for dc, faults in bad.items() if faults)
    tally = f"{len(good)} of {len(bad)} datacenters completed, {least} needed"
    if len(good) >= least and good:
        return Outcome(JobState.COMPLETED, f"{tally} ({failed})" if failed else tally, missing)
    return Outcome(JobState.FAILED, f"{tally} ({failed})", missing)


def _never_placed(job: Job, placed: int) -> tuple[tuple[str, str], ...]:
    """Datacenters that a replicated job asked for and did not get."""
    if job.placement.mode != "replicate" or not placed:
        return ()
    asked = wanted(job.placement)
    reason = "no other datacenter could take the job"
    return tuple((f"datacenter {n} of {asked}", reason) for n in range(placed + 1, asked + 1))


def _why(
    name: str, gaps: Mapping[str, str] | None, ordered: JobState | None, ordered_reason: str
) -> str:
    known = (gaps or {}).get(name)
    if known:
        return known
    if ordered is not None:
        return f"did not end before the job was {ordered.value}: {ordered_reason}"
    return "no result was reported"


def _blame(name: str, result: WorkflowResult | None, gaps: Mapping[str, str] | None) -> str:
    if result is None:
        return f"workflow {name!r} has no result ({_why(name, gaps, None, '')})"
    return f"workflow {name!r} {result.state}: {result.error or 'no reason given'}"


def _sentence(faults: Sequence[str], total: int) -> str:
    if len(faults) == 1:
        return faults[0]
    return f"{len(faults)} of {total} workflows did not complete; first, {faults[0]}"
