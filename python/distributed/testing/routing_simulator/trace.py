"""A trace: datacenters, what happens to them, and the jobs that arrive. Recorded or made."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec


class FaultKind(StrEnum):
    """What can happen to a datacenter for a while.

    Draining refuses new work; failing takes it and fails it at once; slow multiplies the
    link's round trip; cut loses whatever is sent.
    """

    DRAINING = "draining"
    FAILING = "failing"
    SLOW = "slow"
    CUT = "cut"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A datacenter: round trip from the gate in seconds, and cores."""

    name: str
    rtt_seconds: float
    cores: int


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happens to one site from `start` up to `end`."""

    site: str
    kind: FaultKind
    start: float
    end: float
    factor: float = 1.0


class Arrival(msgspec.Struct, frozen=True, array_like=True):
    """A job: when it arrives, how long it runs, on how many cores.

    A job with a `site` is not routed: it is other gates' load there.
    """

    at: float
    seconds: float
    cores: int = 1
    site: str = ""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run needs besides a policy and a seed.

    `jitter` is the spread of a link's round trips (sigma of a log-normal); `report_seconds`
    is how often datacenters tell their capacity.
    """

    name: str
    about: str
    sites: tuple[Site, ...]
    arrivals: tuple[Arrival, ...]
    faults: tuple[Fault, ...] = ()
    jitter: float = 0.05
    report_seconds: float = 1.0
    faulty: bool = False


def save_trace(trace: Trace, path: Path) -> None:
    """Write a trace as JSON."""
    path.write_bytes(msgspec.json.encode(trace))


def load_trace(path: Path) -> Trace:
    """Read a recorded trace.

    Raises:
        msgspec.ValidationError: the file is no trace; the message names the field.
    """
    return msgspec.json.decode(path.read_bytes(), type=Trace)
