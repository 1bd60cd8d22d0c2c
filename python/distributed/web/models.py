"""What each page shows, as plain values: the HTML and the `.json` are made from the same one.

Ages are seconds before the moment of the answer; instants within a job are seconds of the
job's own time.
"""

from __future__ import annotations

import msgspec

from distributed.messages.admin import NodeStatus
from distributed.messages.health import WorkerStatus
from distributed.messages.submission import DatacenterProgress, JobEvent, JobView, LogLine


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a page shows."""


class DatacenterLine(View, frozen=True):
    """One datacenter as the node sees it; `age_seconds` is that of the newest report."""

    name: str
    bucket: str
    managers: int
    workers: int
    healthy_workers: int
    cores: int
    free_cores: int
    queued: int
    dispatch_rate: float = 0.0
    wait_seconds: float = 0.0
    age_seconds: float | None = None


class Death(View, frozen=True):
    """A node that went, and why."""

    name: str
    role: str
    reason: str
    seconds_ago: float
    died: bool = True
    told_by: str = ""


class Trouble(View, frozen=True):
    """A node that works, and not as it should."""

    name: str
    role: str
    reason: str


class Overview(View, frozen=True):
    """One screen about the node and what it knows."""

    node: NodeStatus
    datacenters: tuple[DatacenterLine, ...] = ()
    open_jobs: dict[str, int] = {}
    ended_jobs: dict[str, int] = {}
    deaths: tuple[Death, ...] = ()
    degraded: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()


class Span(View, frozen=True):
    """A member's time in one state, by seconds before now."""

    state: str
    from_seconds_ago: float
    to_seconds_ago: float


class MemberLine(View, frozen=True):
    """One member with what became of it while this node looked on."""

    name: str
    address: str
    state: str
    role: str
    datacenter: str
    incarnation: int
    instance: str
    degraded: bool
    rtt_seconds: float | None
    rtt_error_seconds: float | None
    meta: dict[str, str]
    reason: str
    timeline: tuple[Span, ...]


class Happening(View, frozen=True):
    """One event of membership."""

    seconds_ago: float
    kind: str
    member: str
    reason: str
    job: str = ""


class Members(View, frozen=True):
    """Everybody, and what happened to whom."""

    members: tuple[MemberLine, ...]
    happenings: tuple[Happening, ...]
    events_lost: int
    span_seconds: float


class Place(View, frozen=True):
    """A member on the map; `x` and `y` are milliseconds of round trip from the middle."""

    name: str
    role: str
    datacenter: str
    x: float
    y: float
    rtt_seconds: float | None
    error_seconds: float | None


class Coordinates(View, frozen=True):
    """The map; `strain` is how badly two dimensions fit the estimates, 0 being perfect."""

    places: tuple[Place, ...]
    strain: float
    unplaced: tuple[str, ...] = ()
    left_out: int = 0


class JobLine(View, frozen=True):
    """One job in the list."""

    id: str
    name: str
    state: str
    owner: str
    epoch: int
    age_seconds: float
    elapsed_seconds: float | None = None
    reason: str = ""
    done: int = 0
    total: int = 0


class Jobs(View, frozen=True):
    """A page of the list; `older` goes on from there, `looked_at` is how many were searched."""

    jobs: tuple[JobLine, ...]
    states: tuple[str, ...] = ()
    search: str = ""
    older: str = ""
    looked_at: int = 0


class Run(View, frozen=True):
    """One attempt of a workflow, in seconds of the job's time; `end` None while it runs.

    `sure` is False where the start was never told and is bounded by what came before it.
    """

    workflow: str
    datacenter: str
    worker: str
    attempt: int
    state: str
    start: float
    end: float | None
    sure: bool = True


class Window(View, frozen=True):
    """Runs of one datacenter that ended within a stretch of the job's time."""

    datacenter: str
    start: float
    end: float
    ended: int
    throughput: float
    p50: float | None
    p95: float | None
    p99: float | None


class JobPage(View, frozen=True):
    """A job with everything that is known of its course."""

    job: JobView
    elapsed_seconds: float
    runs: tuple[Run, ...]
    windows: tuple[Window, ...]
    latencies: tuple[DatacenterProgress, ...]
    events: tuple[JobEvent, ...]
    decisions: tuple[dict[str, object], ...]
    logs: tuple[LogLine, ...] = ()
    logs_dropped: int = 0
    cancellable: bool = False


class Route(View, frozen=True):
    """What one kind of request is held to."""

    asks: str
    datacenters: tuple[str, ...]
    held_seconds: float
    switches: int


class CandidateLine(View, frozen=True):
    """One datacenter with what routing knows of it; see `shoal job explain` for a job's own."""

    name: str
    verdict: str
    reason: str
    bucket: str
    because: tuple[str, ...]
    circuit: str
    reach: str
    factors: dict[str, float | int | None]


class Routing(View, frozen=True):
    """Where a one-core job would go now, and what the gate remembers."""

    primaries: tuple[str, ...]
    reason: str
    notes: tuple[str, ...]
    candidates: tuple[CandidateLine, ...]
    routes: tuple[Route, ...]
    cooldowns: dict[str, float]
    reserved: dict[str, int]
    isolated: str = ""


class WorkerLine(View, frozen=True):
    """One worker; `bound` cores are held by dispatches, `ahead` dispatches wait for cores."""

    name: str
    datacenter: str
    address: str
    standing: str
    cores: int
    free_cores: int
    bound: int
    ahead: int
    status: WorkerStatus | None
    heard_seconds_ago: float | None
    drainable: bool = False

    @classmethod
    def of(cls, status: WorkerStatus, *, datacenter: str, age: float) -> WorkerLine:
        """A worker as its own status tells."""
        return cls(
            name=status.name,
            datacenter=datacenter,
            address="",
            standing="draining" if status.draining else status.overload,
            cores=status.cores,
            free_cores=status.free_cores,
            bound=status.cores - status.free_cores,
            ahead=status.queued,
            status=status,
            heard_seconds_ago=age,
        )


class Attempt(View, frozen=True):
    """What runs on this worker."""

    job_id: str
    workflow: str
    attempt: int
    state: str
    cores: int
    pid: int
    age_seconds: float
    done: int
    total: int


class Workers(View, frozen=True):
    """The workers that the node knows, those that went, and what runs on a worker itself."""

    workers: tuple[WorkerLine, ...]
    gone: tuple[Death, ...] = ()
    attempts: tuple[Attempt, ...] = ()


class Native(View, frozen=True):
    """The agent's counters by group, drops by reason, and slots in use on each wheel level."""

    groups: dict[str, dict[str, int]]
    dropped: dict[str, int]
    wheel: tuple[int, ...] = ()
    events_lost: int = 0


class SettingLine(View, frozen=True):
    """One setting as it stands; secrets are hidden."""

    path: str
    value: str
    origin: str
    variable: str


class SettingsPage(View, frozen=True):
    """Every setting."""

    settings: tuple[SettingLine, ...]


class Plot(View, frozen=True):
    """A line chart: `columns[0]` is the horizontal axis, one more for each of `series`.

    `horizontal` is `time` before now, `job time`, or the `share` of values that are no greater.
    """

    title: str
    unit: str
    series: tuple[str, ...]
    columns: tuple[tuple[float | None, ...], ...]
    horizontal: str = "time"
