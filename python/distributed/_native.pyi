"""Stubs of the Rust extension. Private: import it only where architecture.md says."""

from typing import Any

def version() -> str: ...
def build_profile() -> str: ...
def compiler_version() -> str: ...

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

def membership_profile(name: str) -> dict[str, float | int | bool]:
    """Every constant of a membership profile by name, seconds where the name says so.

    Raises:
        ConfigError: no profile of that name.
    """

class EventPort:
    """One event loop's end of the agent: its descriptor, its pulse and its timers.

    Every call raises ForkedError in a fork of the process that made it.
    """

    def __new__(cls, capacity: int = 16_384) -> EventPort:
        """Keep at most `capacity` membership events that were not drained."""

    def fileno(self) -> int:
        """The descriptor that is readable while notices wait."""

    def drain(self) -> list[tuple[Any, ...]]:
        """Take every notice: tuples of a kind, a number (membership, request or token), more."""

    def beat(self) -> None:
        """Prove that the event loop runs."""

    def now(self) -> float:
        """Seconds on the agent's monotonic clock."""

    def schedule(self, token: int, delay_seconds: float) -> None:
        """Ask for a timer notice; a token that is set already moves."""

    def cancel(self, token: int) -> None:
        """Take a timer back; one on its way may still arrive."""

    def close(self) -> None:
        """Keep nothing more; silence from now on is no lag."""

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

    def figures(self) -> dict[str, int]: ...
