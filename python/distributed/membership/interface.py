"""What a role needs of a membership; the native node and the simulated one both give it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

from .events import Event
from .member import Member, Meta, Rtt


@runtime_checkable
class Membership(Protocol):
    """Who is there, who is not, and why, as one node sees it.

    Every call but ``leave`` and ``stop`` returns at once and never touches the network on the
    caller's thread.
    """

    @property
    def name(self) -> str:
        """This node's own name."""
        ...

    @property
    def local(self) -> Member:
        """This node as the others see it."""
        ...

    def members(self) -> tuple[Member, ...]:
        """Every member known, this node included, the dead and departed still remembered too."""
        ...

    def member(self, name: str) -> Member | None:
        """The member of that name, or None where it is unknown or forgotten."""
        ...

    def events(self) -> AsyncIterator[Event]:
        """What happens from this call on; ends when the membership stops.

        A reader that falls behind receives ``EventsLost`` with the whole membership.
        """
        ...

    def update_meta(self, changes: Meta) -> None:
        """Merge ``changes`` into this node's metadata and tell everyone; None removes a key.

        Raises:
            ValueError: the metadata would exceed 512 bytes.
        """
        ...

    def broadcast(self, name: str, payload: bytes = b"") -> None:
        """Send a user event to every member, this one included, at most once each.

        Raises:
            ValueError: name and payload together exceed 512 bytes.
        """
        ...

    def rtt(self, a: str, b: str) -> Rtt | None:
        """Estimated round trip between two members; None where either has no coordinate yet."""
        ...

    def suspect_for_job(self, job: str, node: str) -> None:
        """Start suspecting ``node`` for ``job`` alone: job-level communication is overdue."""
        ...

    def confirm_for_job(self, job: str, node: str, confirmer: str) -> None:
        """``confirmer`` independently finds ``node`` silent for ``job``: brings expiry closer."""
        ...

    def refute_for_job(self, job: str, node: str) -> None:
        """``node`` answered for ``job``: drops the suspicion and forgets a job-layer death."""
        ...

    def extend_for_job(self, job: str, node: str, progress: int, reason: str) -> bool:
        """Give a suspect more time, if ``progress`` rose since it was last reported.

        Returns whether it was granted; grants are bounded and never move the expiry earlier.
        """
        ...

    def end_job(self, job: str) -> None:
        """Drop every suspicion and death of that job."""
        ...

    def is_alive_for_job(self, job: str, node: str) -> bool:
        """Whether ``node`` is alive and neither suspected nor dead for ``job``."""
        ...

    async def leave(self) -> None:
        """Say goodbye so that nobody takes the silence for a failure, then stop."""
        ...

    async def stop(self) -> None:
        """Go silent without a goodbye; idempotent. ``events()`` ends."""
        ...
