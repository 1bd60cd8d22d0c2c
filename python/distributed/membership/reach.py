"""Whether a member is reached by datagram and by stream, each on its own."""

from __future__ import annotations

import msgspec


class Reach(msgspec.Struct, frozen=True):
    """What one member answered, by path; ``None`` seconds and a reason where it did not."""

    member: str
    udp_seconds: float | None
    udp_error: str
    tcp_seconds: float | None
    tcp_error: str

    @property
    def complete(self) -> bool:
        """Whether both paths get through."""
        return self.udp_seconds is not None and self.tcp_seconds is not None
