"""Draws faults from a seed, weighted by profile."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec

from distributed.testing.cluster_spec import ClusterSpec
from distributed.testing.faults import Fault

MESSAGES = (
    "StartJob",
    "JobStarted",
    "AssignWorkflows",
    "AssignmentsTaken",
    "WorkerResults",
    "DatacenterResults",
    "ResultsRecorded",
    "DatacenterFinished",
    "DropJob",
    "CancelInDatacenter",
    "CancelAttempts",
    "RegisterWorker",
    "WorkerRegistered",
    "RegisterGate",
    "WorkerStatus",
    "ManagerStatus",
    "JobProgress",
    "WorkerProgress",
    "SubmitJob",
    "JobAccepted",
    "QueryJob",
    "ReportWork",
    "JobUpdates",
    "JobResult",
    "JobReport",
    "WorkReport",
    "WatchJob",
    "WatchStarted",
    "FetchResult",
    "JobPending",
    "CancelJob",
    "CancelOutcome",
    "ProvideInputs",
    "ProbeDatacenter",
    "DatacenterHealth",
    "RegisterGate",
    "ManagerRegistered",
    "RegisterAgain",
    "ExtendTimeout",
    "TimeoutExtended",
    "StorePart",
    "PartStored",
    "FetchPart",
    "Part",
    "WorkerLog",
    "Pressure",
    "Done",
    "Gone",
    "Redirect",
    "Refused",
)
"""Types that a fault may drop or hold up: all that the roles and clients of a run exchange."""


class Profile(msgspec.Struct, frozen=True):
    """How often what happens.

    Attributes:
        every_seconds: mean pause between faults.
        weights: verbs and how likely each is, relative to the others.
        longest_seconds: of one fault.
    """

    every_seconds: float
    weights: Mapping[str, float]
    longest_seconds: float = 15.0


PROFILES: dict[str, Profile] = {
    "calm": Profile(1e9, {}),
    "crashes": Profile(
        6.0, {"kill": 5, "power_off": 2, "stop": 2, "pause": 2, "die_after_commit": 1}
    ),
    "partitions": Profile(
        8.0, {"isolate": 3, "deafen": 2, "mute": 2, "cut": 3, "split": 1, "reset": 2}
    ),
    "messages": Profile(
        4.0, {"drop": 5, "delay": 3, "fill": 1, "corrupt": 2, "lag": 2, "stall": 2, "reset": 2}
    ),
    "ledger": Profile(
        5.0,
        {"slow_commits": 2, "fail_commits": 2, "lose_answers": 2, "cut_ledger": 3, "kill": 1},
    ),
    "chaos": Profile(
        5.0,
        {
            "kill": 4,
            "power_off": 2,
            "stop": 2,
            "pause": 2,
            "slow": 2,
            "skew": 1,
            "isolate": 2,
            "deafen": 1,
            "mute": 1,
            "cut": 2,
            "split": 0.5,
            "lag": 1,
            "stall": 1,
            "reset": 2,
            "drop": 4,
            "delay": 2,
            "corrupt": 1,
            "fill": 0.5,
            "slow_commits": 1,
            "fail_commits": 1,
            "lose_answers": 1,
            "cut_ledger": 1,
            "die_after_commit": 1,
        },
    ),
}
"""By name, for `shoal simulate cluster --profile`."""


class Nemesis:
    """Plans what will go wrong in a run."""

    def __init__(self, seed: int, spec: ClusterSpec, profile: Profile) -> None:
        self._rng = random.Random(f"nemesis:{seed}")
        self._profile = profile
        self._spec = spec
        self._gates = [f"g{number + 1}" for number in range(spec.gates)]
        self._managers = [
            f"{datacenter}-m{number + 1}"
            for datacenter in spec.datacenters
            for number in range(spec.managers)
        ]
        self._workers = [
            f"{datacenter}-w{number + 1}"
            for datacenter in spec.datacenters
            for number in range(spec.workers)
        ]

    def plan(self, seconds: float) -> tuple[Fault, ...]:
        """Faults over `seconds`, in order."""
        faults = []
        at = self._pause()
        while at < seconds:
            faults.append(self._draw(at))
            at += self._pause()
        return tuple(faults)

    def _pause(self) -> float:
        return round(self._rng.expovariate(1.0) * self._profile.every_seconds, 3)

    def _draw(self, at: float) -> Fault:
        rng = self._rng
        kinds = list(self._profile.weights)
        kind = rng.choices(kinds, [self._profile.weights[name] for name in kinds])[0]
        longest = self._profile.longest_seconds
        seconds = round(min(longest, 0.2 + rng.expovariate(1.0) * longest / 3), 3)
        target = self._target(kind)
        return Fault(at, kind, target, seconds, self._value(kind), self._other(kind, target))

    def _anybody(self) -> str:
        group = self._rng.choices([self._gates, self._managers, self._workers], [1.0, 1.5, 2.0])[0]
        return self._rng.choice(group)

    def _target(self, kind: str) -> str:
        if kind in ("drop", "delay"):
            return self._rng.choice(MESSAGES)
        if kind == "split":
            return self._rng.choice(self._spec.datacenters)
        if kind in ("cut_ledger", "die_after_commit"):
            return self._rng.choice(self._gates)
        if kind in ("fill", "stall", "slow_commits", "fail_commits", "lose_answers"):
            return ""
        return self._anybody()

    def _other(self, kind: str, target: str) -> str:
        if kind not in ("cut", "reset"):
            return ""
        others = [name for name in (*self._gates, *self._managers) if name != target]
        return self._rng.choice(others)

    def _value(self, kind: str) -> float:
        rng = self._rng
        ranges = {
            "slow": (0.001, 0.02),
            "skew": (-3600.0, 3600.0),
            "lag": (0.05, 0.8),
            "stall": (0.05, 0.3),
            "drop": (0.1, 0.9),
            "delay": (0.05, 2.0),
            "corrupt": (0.05, 0.5),
            "fill": (20.0, 60.0),
            "slow_commits": (0.05, 1.0),
            "fail_commits": (1.0, 5.0),
            "lose_answers": (1.0, 3.0),
        }
        low, high = ranges.get(kind, (0.0, 0.0))
        return round(rng.uniform(low, high), 3)
