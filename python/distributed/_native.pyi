"""Stubs of the Rust extension. Private: import it only where architecture.md says."""

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
