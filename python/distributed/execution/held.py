"""A dispatch that the pool holds."""

from __future__ import annotations

import asyncio
from enum import Enum

import msgspec

from distributed.messages.dispatch import Assignment

from .frames import Run
from .interface import OnEvent
from .process import ChildProcess

_encoder = msgspec.msgpack.Encoder()


class Stage(Enum):
    """How far a dispatch is."""

    WAITING = "waiting"
    SENT = "sent"
    RUNNING = "running"


class Held:
    """One dispatch from `start` to its end.

    Attributes:
        started_at: the loop's seconds when its cores were bound.
        cancel_reason: set once someone asked for its end.
        force: fires when the grace of a cancellation is over.
        verdict: why the pool itself ends it (a limit), "" otherwise.
    """

    __slots__ = (
        "assignment",
        "cancel_reason",
        "child",
        "cores",
        "dispatch_id",
        "force",
        "on_event",
        "stage",
        "started_at",
        "verdict",
    )

    def __init__(self, assignment: Assignment, on_event: OnEvent) -> None:
        self.assignment = assignment
        self.dispatch_id = assignment.dispatch_id
        self.cores = assignment.workflow.cores
        self.on_event = on_event
        self.stage = Stage.WAITING
        self.child: ChildProcess | None = None
        self.started_at = 0.0
        self.cancel_reason: str | None = None
        self.force: asyncio.TimerHandle | None = None
        self.verdict = ""

    @property
    def limited(self) -> bool:
        """Whether it must be measured while it runs."""
        workflow = self.assignment.workflow
        return workflow.memory_bytes is not None or workflow.cpu_seconds is not None

    @property
    def key(self) -> str:
        """What its run time is remembered by."""
        return self.assignment.workflow.run


def to_run(assignment: Assignment) -> Run:
    """The assignment as a child hears it."""
    workflow = assignment.workflow
    return Run(
        assignment.dispatch_id,
        assignment.job_id,
        workflow.name,
        assignment.attempt,
        workflow.run,
        workflow.command,
        _encoder.encode(workflow.args) if workflow.args else b"",
        assignment.inputs,
        assignment.references,
        workflow.memory_bytes,
        workflow.cpu_seconds,
    )
