"""What both simulated memberships share: subscriptions and the job layer."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from distributed.membership.events import (
    DiedForJob,
    Event,
    RefutedForJob,
    SuspectedForJob,
)
from distributed.membership.member import Member, Meta, Rtt
from distributed.membership.subscription import Subscription

if TYPE_CHECKING:
    from distributed.testing.virtual_host import VirtualHost
    from distributed.testing.virtual_loop import VirtualLoop

JOB_MAX_SECONDS = 5.0


class SimulatedMembership(ABC):
    """Holds subscriptions, and suspicions for one job alone; see `membership.Membership`."""

    def __init__(self, loop: VirtualLoop, host: VirtualHost, name: str) -> None:
        self.name = name
        self.host = host
        self.stopped = False
        self._loop = loop
        self._subscriptions: list[Subscription] = []
        self._suspected: dict[str, dict[str, asyncio.TimerHandle]] = {}
        self._dead_for: dict[str, set[str]] = {}

    @abstractmethod
    def members(self) -> tuple[Member, ...]:
        """Every member known, this node first."""

    @property
    def local(self) -> Member:
        """This node as the others see it."""
        return self.members()[0]

    def member(self, name: str) -> Member | None:
        """The member of that name, or None where it is unknown."""
        return next((member for member in self.members() if member.name == name), None)

    def events(self) -> Subscription:
        """What happens from this call on; ends when the membership stops."""
        subscription = Subscription(self.members)
        if self.stopped:
            subscription.stop()
        else:
            self._subscriptions.append(subscription)
        return subscription

    @abstractmethod
    def update_meta(self, changes: Meta) -> None:
        """Merge `changes` into this node's metadata."""

    @abstractmethod
    def broadcast(self, name: str, payload: bytes = b"") -> None:
        """Send a user event to every member."""

    @abstractmethod
    def rtt(self, a: str, b: str) -> Rtt | None:
        """Estimated round trip between two members."""

    @abstractmethod
    async def leave(self) -> None:
        """Say goodbye, then stop."""

    @abstractmethod
    async def stop(self) -> None:
        """Go silent."""

    def publish(self, event: Event) -> None:
        """Tell every reader."""
        for subscription in self._subscriptions:
            subscription.push(event)

    def finish(self) -> None:
        """No more events."""
        self.stopped = True
        for subscription in self._subscriptions:
            subscription.stop()
        for job in list(self._suspected):
            self.end_job(job)

    # the job layer

    def suspect_for_job(self, job: str, node: str) -> None:
        """Start suspecting `node` for `job` alone."""
        suspected = self._suspected.setdefault(job, {})
        if node in suspected or node in self._dead_for.get(job, ()):
            return
        suspected[node] = self._loop.call_later(
            JOB_MAX_SECONDS, self._expire, job, node, context=self.host.context
        )
        self._tell(SuspectedForJob, job, node, f"overdue at {self.name}")

    def confirm_for_job(self, job: str, node: str, confirmer: str) -> None:
        """A confirmation brings expiry closer: here, halves what is left."""
        timer = self._suspected.get(job, {}).get(node)
        if timer is not None:
            timer.cancel()
            left = max(0.0, timer.when() - self._loop.time()) / 2
            self._suspected[job][node] = self._loop.call_later(
                left, self._expire, job, node, context=self.host.context
            )

    def refute_for_job(self, job: str, node: str) -> None:
        """`node` answered for `job`."""
        timer = self._suspected.get(job, {}).pop(node, None)
        if timer is not None:
            timer.cancel()
        dead = self._dead_for.get(job, set())
        if timer is not None or node in dead:
            dead.discard(node)
            self._tell(RefutedForJob, job, node, "answered")

    def extend_for_job(self, job: str, node: str, progress: int, reason: str) -> bool:
        """Proven progress earns no more time here."""
        return False

    def end_job(self, job: str) -> None:
        """Drop every suspicion and death of that job."""
        for timer in self._suspected.pop(job, {}).values():
            timer.cancel()
        self._dead_for.pop(job, None)

    def is_alive_for_job(self, job: str, node: str) -> bool:
        """Whether `node` is alive and neither suspected nor dead for `job`."""
        member = self.member(node)
        if member is None or not member.is_alive:
            return False
        return node not in self._suspected.get(job, {}) and node not in self._dead_for.get(job, ())

    def jobs_held(self) -> tuple[str, ...]:
        """Jobs that something is still held about."""
        return tuple(sorted({*self._suspected, *self._dead_for}))

    def _expire(self, job: str, node: str) -> None:
        if self._suspected.get(job, {}).pop(node, None) is not None:
            self._dead_for.setdefault(job, set()).add(node)
            self._tell(DiedForJob, job, node, "did not answer for the job")

    def _tell(
        self,
        kind: type[SuspectedForJob] | type[RefutedForJob] | type[DiedForJob],
        job: str,
        node: str,
        reason: str,
    ) -> None:
        member = self.member(node)
        if member is not None:
            self.publish(kind(member, reason, job))
