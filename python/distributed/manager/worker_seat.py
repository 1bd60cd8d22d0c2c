"""A registered worker as a manager knows it."""

from __future__ import annotations

from collections import deque

from distributed.health.node import NodeHealth
from distributed.jobs.allocation import WorkerSlots
from distributed.messages.dispatch import Assignment, RegisterWorker
from distributed.messages.health import WorkerStatus
from distributed.types import Address

from .record import Entry, JobRecord

Given = tuple[JobRecord, Entry, Assignment]


class WorkerSeat:
    """A worker's facts, its cores, and what is on the way to it.

    Attributes:
        slots: its cores in the allocation.
        outgoing: assignments not sent yet, oldest first.
        under_way: the batch that was sent and is not answered.
        lane_running: whether a batch is on the way, or about to be.
        shut_until: clock seconds until which it is given nothing.
        health: its three signals, by its own reports.
        heard_at: clock seconds of its last word.
        suspect: whether membership suspects it now.
        gone: whether it was removed; its lane ends.
        missing: dispatches that its last report did not list although it took them.
    """

    __slots__ = (
        "address",
        "degraded",
        "draining",
        "gone",
        "health",
        "heard_at",
        "lane_running",
        "missing",
        "name",
        "outgoing",
        "shut_until",
        "slots",
        "status",
        "suspect",
        "under_way",
    )

    def __init__(self, message: RegisterWorker, slots: WorkerSlots, now: float) -> None:
        self.name = message.name
        self.address = Address(message.address)
        self.slots = slots
        self.outgoing: deque[Given] = deque()
        self.under_way: list[Given] = []
        self.lane_running = False
        self.shut_until = 0.0
        self.health = NodeHealth(now)
        self.heard_at = now
        self.status: WorkerStatus | None = None
        self.suspect = False
        self.degraded = False
        self.draining = message.draining
        self.gone = False
        self.missing: frozenset[str] = frozenset()
