"""Which datacenters one job runs in, what part each has, and whom the job waits for.

A plan hangs off the job's record. When a fallback or a spillover datacenter takes over a
part, the set that the job waits for changes with it: there is no other list.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from distributed.messages.job import Placement, Workflow


class PartState(StrEnum):
    """Where one datacenter's part is."""

    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    MISSING = "missing"


class Part(msgspec.Struct, kw_only=True):
    """One datacenter's part of a job.

    `share` is its fraction of the job's cores under `split`, 1 under `replicate`. `history`
    names the datacenters that had the part before, each with why it lost it. A `bound` part
    has workflows that must run there and nowhere else.
    """

    datacenter: str
    workflows: tuple[str, ...]
    share: float
    state: PartState = PartState.WAITING
    bound: bool = False
    reason: str = ""
    history: tuple[tuple[str, str], ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """How the job stands by its parts; `missing` says what did not run, and why."""

    completed: bool
    reason: str
    missing: tuple[tuple[str, str], ...]


class PlacementPlan:
    """The parts of one job.

    Args:
        placement: what the job asks for.
        workflows: all of the job's.
        datacenters: the routing decision's primaries, best first.

    Raises:
        ValueError: no datacenter, one named twice, or a workflow bound to a datacenter that
            is not among them.
    """

    def __init__(
        self, placement: Placement, workflows: Sequence[Workflow], datacenters: Sequence[str]
    ) -> None:
        if not datacenters or len(set(datacenters)) != len(datacenters):
            raise ValueError(f"a plan needs distinct datacenters, not {list(datacenters)}")
        self._placement = placement
        wanted = placement.count if placement.count > 0 else max(1, len(placement.datacenters))
        if placement.mode == "replicate":
            everything = tuple(workflow.name for workflow in workflows)
            split = dict.fromkeys(datacenters, everything)
            self._short = max(0, wanted - len(datacenters))
        else:
            split = divide(workflows, weights(placement, datacenters))
            self._short = 0
        cores = {workflow.name: workflow.cores for workflow in workflows}
        total = sum(cores.values()) or 1
        self.parts = [
            Part(
                datacenter=name,
                workflows=names,
                share=sum(cores[n] for n in names) / total,
                state=PartState.WAITING if names else PartState.COMPLETED,
                bound=any(w.datacenter == name for w in workflows),
            )
            for name, names in split.items()
        ]

    @property
    def waiting(self) -> frozenset[str]:
        """The datacenters that the job waits for now."""
        return frozenset(p.datacenter for p in self.parts if p.state is PartState.WAITING)

    @property
    def used(self) -> frozenset[str]:
        """Every datacenter that has a part, or had one: none of these takes over another."""
        past = {name for part in self.parts for name, _ in part.history}
        return frozenset(past.union(part.datacenter for part in self.parts))

    def part(self, datacenter: str) -> Part | None:
        """The part that this datacenter has now."""
        return next((p for p in self.parts if p.datacenter == datacenter), None)

    def replace(self, lost: str, successor: str, reason: str) -> Part:
        """Another datacenter takes over what `lost` had not completed.

        Raises:
            ValueError: `lost` has no open part or one that is bound to it, or `successor` has
                a part already.
        """
        part = self.part(lost)
        if part is None or part.state is not PartState.WAITING:
            raise ValueError(f"{lost} has no open part to take over")
        if part.bound:
            raise ValueError(f"workflows of this job are bound to {lost}")
        if self.part(successor) is not None:
            raise ValueError(f"{successor} has a part of this job already")
        part.history = (*part.history, (lost, reason))
        part.datacenter = successor
        return part

    def finished(self, datacenter: str, *, completed: bool, reason: str = "") -> bool:
        """The datacenter is through with its part; False for one that is not waited for."""
        return self._end(datacenter, PartState.COMPLETED if completed else PartState.FAILED, reason)

    def lost(self, datacenter: str, reason: str) -> bool:
        """The datacenter cannot run its part and nothing can take it over."""
        return self._end(datacenter, PartState.MISSING, reason)

    def outcome(self) -> Outcome | None:
        """The job's outcome once its parts decide it, else None.

        Under `replicate` enough completed datacenters make a success once none is open any
        more, and the job fails as soon as too few can still complete. Under `split` every
        part has to complete.
        """
        done = sum(part.state is PartState.COMPLETED for part in self.parts)
        still = len(self.waiting)
        needed = self.needed
        if done + still < needed:
            return Outcome(False, f"{done + still} of {needed} needed can complete", self.missing())
        if still:
            return None
        return Outcome(True, f"{done} completed, {needed} needed", self.missing())

    @property
    def needed(self) -> int:
        """How many parts have to complete."""
        everything = len(self.parts) + self._short
        if self._placement.mode == "split":
            return everything
        least = self._placement.min_success
        return everything if least is None else max(1, min(least, everything))

    def missing(self) -> tuple[tuple[str, str], ...]:
        """What was asked for and did not complete, with the reason for each."""
        gone = [
            (part.datacenter, part.reason or part.state.value)
            for part in self.parts
            if part.state in (PartState.FAILED, PartState.MISSING)
        ]
        if self._short:
            gone.append(("", f"{self._short} more datacenters were asked for than could be found"))
        return tuple(gone)

    def _end(self, datacenter: str, state: PartState, reason: str) -> bool:
        part = self.part(datacenter)
        if part is None or part.state is not PartState.WAITING:
            return False
        part.state = state
        part.reason = reason
        return True


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
