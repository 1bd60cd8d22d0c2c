"""Stubs of the Rust extension. Private: import it only where architecture.md says."""

from array import array
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, final

_Settings = dict[str, float | int | bool]
_Progress = Callable[[float], None] | None

def version() -> str: ...
def build_profile() -> str: ...
def compiler_version() -> str: ...

@final
class LatencySketch:
    """Counts of durations in bins one percent wide; merging is exact and order-free.

    Values are seconds, from a microsecond to eleven days; smaller ones count as zero, larger
    ones as the largest. Raises ValueError for what is no duration and for bytes that no
    sketch wrote; the sketch is then unchanged.
    """

    def __new__(cls) -> LatencySketch: ...
    def add(self, seconds: float) -> None: ...
    def add_many(self, seconds: list[float]) -> None: ...
    def merge(self, other: bytes) -> None: ...
    def since(self, earlier: LatencySketch) -> LatencySketch: ...
    def quantile(self, q: float) -> float | None: ...
    def count_at_most(self, seconds: float) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def sum(self) -> float: ...
    @property
    def extremes(self) -> tuple[float, float] | None: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> LatencySketch: ...
    def copy(self) -> LatencySketch: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...

@final
class FrameDecoder:
    """Cuts a stream into frames; whole frames are never buffered, partial ones as they arrive."""

    def __new__(cls, max_frame_bytes: int) -> FrameDecoder:
        """Accept payloads of at most `max_frame_bytes`, as sent and as expanded."""

    def feed(self, data: bytes) -> list[tuple[int, int, int, bytes]]:
        """Take the next bytes; return the completed frames as (kind, flags, correlation, payload).

        Raises:
            FrameError: not our protocol, or over the limit; says at which byte of the stream.
                The decoder repeats it from then on: close the connection.
        """

    @property
    def buffered(self) -> int:
        """Bytes held of an incomplete frame."""

def encode_frame(
    kind: int,
    flags: int,
    correlation: int,
    payload: bytes,
    compress_threshold: int | None = None,
) -> bytes:
    """One frame. Kinds are 1 to 63, flags 0 to 255, correlation ids unsigned 64-bit.

    A payload of at least `compress_threshold` bytes travels as LZ4 where that is shorter.

    Raises:
        FrameError: a kind or flags that are not the caller's to use.
    """

def encode_frames(
    frames: list[tuple[int, int, int, bytes]],
    compress_threshold: int | None = None,
) -> bytes:
    """Many frames, each as `encode_frame` makes it, as one piece to write.

    Raises:
        FrameError: as `encode_frame`; nothing is returned of the others.
    """

def membership_profile(name: str) -> _Settings:
    """Every constant of a membership profile by name, seconds where the name says so.

    Raises:
        ConfigError: no profile of that name.
    """

def key_fingerprint(key: bytes) -> str:
    """The eight hexadecimal digits by which a key is named."""

@final
class EventPort:
    """One event loop's end of the agent: its descriptor, its pulse and its timers.

    Every call raises ForkedError in a fork of the process that made it.
    """

    def __new__(cls, capacity: int = 16_384) -> EventPort:
        """Keep at most `capacity` membership events that were not drained."""

    def fileno(self) -> int:
        """The descriptor that is readable while notices wait."""

    def drain(self) -> list[tuple[Any, ...]]:
        """Take notices: tuples of a kind, a number (membership, request or token), more.

        At most 512 at a time; the descriptor stays readable while more wait.
        """

    def beat(self) -> None:
        """Prove that the event loop runs."""

    def stalls(self) -> tuple[int, float, int, float]:
        """Silences of the loop, the longest; long waits for the GIL meanwhile, the longest."""

    def now(self) -> float:
        """Seconds on the agent's monotonic clock."""

    def schedule(self, token: int, delay_seconds: float) -> None:
        """Ask for a timer notice; a token that is set already moves."""

    def cancel(self, token: int) -> None:
        """Take a timer back; one on its way may still arrive."""

    def close(self) -> None:
        """Keep nothing more; silence from now on is no lag."""

@final
class Membership:
    """One membership of the process; `distributed.membership.Node` is its face.

    Every call raises ForkedError in a fork of the process that made it, ClosedError once it
    has stopped.
    """

    def __new__(cls, port: EventPort, options: dict[str, Any]) -> Membership:
        """Bind the sockets and start.

        Raises:
            ConfigError: names the option that cannot stand.
        """

    @property
    def id(self) -> int: ...
    @property
    def bound(self) -> str: ...
    @property
    def advertise(self) -> str: ...
    @property
    def version(self) -> int:
        """Rises whenever `members` would answer differently."""

    def members(self) -> tuple[int, list[tuple[str, str, int, int, str, bytes, bool]]]: ...
    def join(self, seeds: list[str], request: int) -> None: ...
    def leave(self, request: int) -> None: ...
    def stop(self, request: int) -> None: ...
    def update_meta(self, meta: bytes) -> None: ...
    def broadcast(self, name: str, payload: bytes) -> None: ...
    def probe_now(self, name: str) -> None: ...
    def rtt(self, a: str, b: str) -> tuple[float, float] | None: ...
    def rtts(self, origin: str) -> dict[str, float]:
        """Estimated seconds from one member to every other that has a coordinate."""

    def suspect_for_job(self, job: str, node: str) -> bool:
        """True where that opened a suspicion."""

    def confirm_for_job(self, job: str, node: str, confirmer: str) -> bool:
        """True where the confirmation counted."""

    def refute_for_job(self, job: str, node: str) -> bool:
        """True where that ended a suspicion or a death."""

    def extend_for_job(self, job: str, node: str, progress: int, reason: str) -> bool:
        """True where the suspicion was given more time."""

    def end_job(self, job: str) -> int:
        """How many suspicions and deaths ended."""

    def is_well_for_job(self, job: str, node: str) -> bool:
        """Neither suspected nor dead for the job, on the job layer alone."""

    def reach(
        self, address: str, instance: int, timeout_seconds: float
    ) -> tuple[float | None, str, float | None, str]:
        """Round trips by UDP and by TCP in seconds, each with the reason where there is none."""

    def keys(self) -> list[str]:
        """Fingerprints held, the one in use first."""

    def add_key(self, key: bytes) -> str: ...
    def use_key(self, fingerprint: str) -> None: ...
    def remove_key(self, fingerprint: str) -> None: ...
    def figures(self) -> dict[str, int]: ...

@final
class CoreNode:
    """One node of the core without sockets or threads; times are seconds.

    After every call, `poll`: it gives what to send as (kind, address, stream, bytes) with kind
    one of `datagram`, `open`, `reply` and `close`, what happened as `Membership` tells it, and
    when `handle_timeout` is due. For clusters under virtual time.
    """

    def __new__(
        cls,
        name: str,
        address: str,
        *,
        profile: str,
        instance: int,
        seed: int,
        meta: bytes,
        overrides: _Settings,
        now: float,
    ) -> CoreNode: ...
    def handle_datagram(self, now: float, source: str, data: bytes) -> None: ...
    def accept_stream(self) -> int:
        """A number for a stream that the host accepted."""

    def handle_stream_message(self, now: float, stream: int, data: bytes) -> None: ...
    def handle_stream_closed(self, now: float, stream: int) -> None: ...
    def handle_stream_failed(self, now: float, stream: int, refused: bool) -> None: ...
    def handle_timeout(self, now: float) -> None: ...
    def join(self, now: float, seeds: list[str]) -> None: ...
    def leave(self, now: float) -> None: ...
    @property
    def is_leaving(self) -> bool: ...
    def update_meta(self, now: float, meta: bytes) -> None: ...
    def broadcast(self, now: float, name: str, payload: bytes) -> int: ...
    def report_lag(self, now: float, lag_seconds: float) -> None: ...
    def members(self) -> list[tuple[str, str, int, int, str, bytes, bool]]: ...
    def rtt(self, a: str, b: str) -> tuple[float, float] | None: ...
    def poll(
        self,
    ) -> tuple[list[tuple[str, str, int, bytes]], list[tuple[Any, ...] | None], float | None]: ...

def simulate_detection(
    nodes: int,
    kills: int,
    *,
    profile: str,
    overrides: _Settings,
    seed: int,
    progress: _Progress = None,
) -> dict[str, Any]: ...
def simulate_dissemination(
    nodes: int,
    changes: int,
    *,
    loss: float,
    watch: float,
    profile: str,
    overrides: _Settings,
    seed: int,
    progress: _Progress = None,
) -> dict[str, Any]: ...
def simulate_blocked(
    nodes: int,
    *,
    concurrent: int,
    blocked: float,
    running: float,
    span: float,
    profile: str,
    overrides: _Settings,
    seed: int,
) -> dict[str, Any]: ...
def simulate_stopped(
    nodes: int,
    *,
    concurrent: int,
    stopped: float,
    frozen: bool,
    rounds: int,
    loss: float,
    profile: str,
    overrides: _Settings,
    seed: int,
) -> dict[str, Any]: ...
def simulate_quiet(
    nodes: int,
    *,
    span: float,
    loss: float,
    profile: str,
    overrides: _Settings,
    seed: int,
) -> dict[str, Any]: ...
def simulate_boot(
    nodes: int,
    *,
    profile: str,
    overrides: _Settings,
    seed: int,
    progress: _Progress = None,
) -> dict[str, Any]: ...
def simulate_impaired(
    nodes: int,
    faulty: int,
    *,
    flip: float | None,
    egress_loss: float,
    span: float,
    profile: str,
    overrides: _Settings,
    seed: int,
    progress: _Progress = None,
) -> dict[str, Any]: ...
def simulate_coordinates(
    nodes: int,
    rounds: int,
    *,
    look: int,
    profile: str,
    overrides: _Settings,
    seed: int,
    progress: _Progress = None,
) -> dict[str, Any]: ...

@final
class Simulator:
    """Nodes `n0`, `n1`, … of the core on a simulated network; times are virtual seconds.

    The same seed and the same calls give the same `trace_hash`. `run` releases the GIL.
    """

    def __new__(
        cls,
        nodes: int,
        *,
        profile: str,
        seed: int,
        overrides: _Settings,
    ) -> Simulator: ...
    def join(self, index: int, seed: int) -> None: ...
    def join_all(self) -> None:
        """Every node joins through the first."""

    def run(self, seconds: float) -> None: ...
    def run_until_one_view(self, seconds: float) -> bool:
        """Whether all running nodes came to hold exactly each other for alive in that time."""

    def is_one_view(self) -> bool: ...
    @property
    def now(self) -> float: ...
    @property
    def nodes(self) -> int: ...
    @property
    def trace_hash(self) -> int: ...
    def kill(self, index: int) -> None: ...
    def restart(self, index: int, seed: int) -> None: ...
    def block(self, index: int, seconds: float) -> None:
        """The node reads and sends nothing for that long, while its timers run."""

    def pause(self, index: int, seconds: float) -> None:
        """Nothing of the node runs for that long."""

    def slow_down(self, index: int, seconds: float) -> None:
        """The node takes that long to read each datagram."""

    def skew(self, index: int, ahead: float, drift_ppm: int) -> None: ...
    def lose_ingress(self, index: int, share: float) -> None: ...
    def lose_egress(self, index: int, share: float) -> None: ...
    def cut(self, source: int, to: int, cut: bool) -> None:
        """Cut or mend the way from one node to another, and only that way."""

    def mend(self) -> None: ...
    def weather(
        self, *, least: float, most: float, loss: float, duplicates: float, reorder: float
    ) -> None: ...
    def note_joins(self, note: bool) -> None: ...
    def take_sightings(self) -> list[tuple[float, int, int, str, int, int]]:
        """Changes of views: time, observer, subject, kind, instance, incarnation."""

    def living(self) -> list[tuple[int, int]]: ...
    def traffic(self) -> dict[str, int]: ...
    def members(self, index: int) -> list[tuple[str, str, int, int, str, bytes, bool]]: ...

@final
class TimerWheel:
    """Timers that carry an integer each, ordered by deadline.

    Times are seconds of one monotonic clock, rounded to microseconds: a reading equal to a
    deadline has reached it, and no timer fires more than half a microsecond early. Negative
    times count as 0. Keys and tokens are unsigned 64-bit. A key names one timer; once that
    fired or was cancelled the key finds nothing.

    The `_many` forms take `array.array("d")` for times and `array.array("Q")` for integers
    (any buffer of that type), or else sequences, which are slower.
    """

    def __new__(cls, now: float = 0.0) -> TimerWheel: ...
    def schedule(self, deadline: float, token: int) -> int:
        """Add a timer and return its key; one whose deadline has passed is due at once.

        Raises:
            ValueError: the deadline is nan.
            OverflowError: the token does not fit.
        """

    def cancel(self, key: int) -> int | None:
        """Take a timer out; its token, or None if it is not there any more."""

    def move(self, key: int, deadline: float) -> bool:
        """Give a timer another deadline and keep its key; false if it is not there."""

    def advance(self, now: float) -> list[int]:
        """Tokens of all timers due by `now`: by deadline, equal ones by age."""

    def advance_array(self, now: float) -> array[int]:
        """As `advance`, as `array("Q")`."""

    def schedule_many(
        self, deadlines: array[float] | Sequence[float], tokens: array[int] | Sequence[int]
    ) -> array[int]:
        """Add a timer for each row; the keys as `array("Q")`.

        Raises:
            ValueError: unequal lengths, or a deadline is nan; nothing was added.
        """

    def cancel_many(self, keys: array[int] | Sequence[int]) -> int:
        """Take timers out; how many were there."""

    def move_many(
        self, keys: array[int] | Sequence[int], deadlines: array[float] | Sequence[float]
    ) -> int:
        """Move timers; how many were there.

        Raises:
            ValueError: unequal lengths, or a deadline is nan; nothing was moved.
        """

    def clear(self) -> int:
        """Take every timer out; how many there were."""

    def deadline(self, key: int) -> float | None: ...
    def next_deadline(self) -> float | None:
        """The exact deadline of the next timer to fire; in the past if it is overdue."""

    def allocated_bytes(self) -> int: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...

@final
class SuspicionExpiry:
    """Why something was declared dead. Read-only. Times are seconds of the table's clock;
    a grant is (granted at, by seconds, progress, reason)."""

    job: int | None
    node: int
    incarnation: int
    accuser: int
    confirmers: list[int]
    started_at: float
    deadline: float
    expired_at: float
    multiplier: int
    min_seconds: float
    max_seconds: float
    expected_confirmations: int
    grants: list[tuple[float, float, int, str]]
    asks_for_probe: bool
    resolved_jobs: list[int]

@final
class SuspicionTable:
    """Suspicions of nodes, and of nodes as far as one job is concerned (`job` given).

    The rules stand in the Rust module `shoal_core::suspicion`. Jobs, nodes and incarnations are
    unsigned 64-bit integers of the caller's choosing; times are seconds of one monotonic clock.
    Hand in what was received before calling `expire`: a refutation in the same step then wins.

    The `_many` forms take `array.array("Q")` or sequences, and are one call for many rows.
    """

    VERDICTS: ClassVar[tuple[str, ...]]
    """What `suspect` can answer; `suspect_many` gives the places in this tuple."""

    def __new__(
        cls,
        now: float = 0.0,
        *,
        total: int = 100_000,
        per_job: int = 10_000,
        nodes: int = 100_000,
        max_multiplier: int = 9,
        deaths_to_probe: int = 3,
        first_extension_seconds: float = 15.0,
        shortest_extension_seconds: float = 1.0,
        extensions: int = 5,
    ) -> SuspicionTable: ...
    def suspect(
        self,
        node: int,
        incarnation: int,
        accuser: int,
        now: float,
        min_seconds: float,
        max_seconds: float,
        confirmations: int,
        job: int | None = None,
    ) -> str:
        """`accuser` says the node does not answer; bounds count if this opens a suspicion.

        Raises:
            ValueError: a time is negative, too large or nan.
        """

    def suspect_many(
        self,
        nodes: array[int] | Sequence[int],
        incarnations: array[int] | Sequence[int],
        accuser: int,
        now: float,
        min_seconds: float,
        max_seconds: float,
        confirmations: int,
        jobs: array[int] | Sequence[int] | None = None,
    ) -> bytes:
        """`suspect` for each row; one byte each, its place in `VERDICTS`."""

    def confirm(
        self, node: int, incarnation: int, confirmer: int, now: float, job: int | None = None
    ) -> bool:
        """Whether the confirmation counted."""

    def confirm_many(
        self,
        nodes: array[int] | Sequence[int],
        incarnations: array[int] | Sequence[int],
        confirmer: int,
        now: float,
        jobs: array[int] | Sequence[int] | None = None,
    ) -> int:
        """How many confirmations counted."""

    def refute(self, node: int, incarnation: int, job: int | None = None) -> bool:
        """Whether a suspicion or job-layer death of a lower incarnation ended."""

    def refute_many(
        self,
        nodes: array[int] | Sequence[int],
        incarnations: array[int] | Sequence[int],
        jobs: array[int] | Sequence[int] | None = None,
    ) -> int: ...
    def refute_everywhere(self, node: int, incarnation: int) -> int: ...
    def node_died(self, node: int, incarnation: int) -> list[int]:
        """End all that is held against the node; the jobs whose suspicions ended with it."""

    def revive(self, node: int, incarnation: int) -> bool: ...
    def joined(self, node: int) -> None: ...
    def forget(self, node: int) -> None: ...
    def job_ended(self, job: int) -> int: ...
    def set_multiplier(self, multiplier: int, now: float) -> None:
        """Set the local health multiplier, in O(1); call `expire` in the same step."""

    def extend(
        self, node: int, progress: int, reason: str, now: float, job: int | None = None
    ) -> tuple[str, float, float | None, int]:
        """(answer, seconds granted, deadline, grants left).

        Answers: `granted`, `no-progress`, `exhausted`, `not-suspected`.
        """

    def expire(self, now: float) -> list[SuspicionExpiry]:
        """What is due by `now`, by deadline."""

    def standing(self, node: int, job: int | None = None) -> str:
        """`alive`, `suspected-for-job`, `suspected`, `dead-for-job` or `dead`: the worst."""

    def deadline(self, node: int, job: int | None = None) -> float | None: ...
    def confirmers(self, node: int, job: int | None = None) -> list[int]: ...
    def accused_by(self, job: int) -> list[int]: ...
    def jobs_accusing(self, node: int) -> list[int]: ...
    def next_deadline(self) -> float | None: ...
    @property
    def multiplier(self) -> int: ...
    def refusals(self) -> tuple[int, int, int]:
        """Accusations turned away by the limits `total`, `per_job` and `nodes`."""

    def known(self) -> tuple[int, int]:
        """Nodes and jobs about which anything is known."""

    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...

def lifeguard_bounds(
    alpha: float, beta: float, confirmations: int, members: int, probe_interval_seconds: float
) -> tuple[float, float, int]:
    """Least and longest suspicion in seconds, and the confirmations that can be expected."""
