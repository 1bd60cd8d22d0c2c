"""Values too large for one message: part by part, worker to ledger and ledger to reader."""

from __future__ import annotations

from .base import Message
from .results import WorkflowResult


class StorePart(Message, frozen=True):
    """Worker to manager to gate: keep this part of a value of `size` bytes, durably.

    Parts count from 0; all but the last have the length that both sides know. The result
    follows when every part is stored. A repeat changes nothing.
    """

    job_id: str
    epoch: int
    datacenter: str
    workflow: str
    attempt: int
    part: int
    size: int
    body: bytes


class PartStored(Message, frozen=True):
    """The part is in the ledger."""

    job_id: str
    part: int


class FetchPart(Message, frozen=True):
    """Client to gate, or worker to manager to gate: one part of a value."""

    job_id: str
    workflow: str
    datacenter: str
    attempt: int
    part: int


class Part(Message, frozen=True):
    """The part asked for."""

    body: bytes


class FetchResults(Message, frozen=True):
    """Client to gate: the results of an ended job from the `after`-th of its answer on."""

    job_id: str
    after: int = 0


class ResultPage(Message, frozen=True):
    """As many results as fit in one message; `total` is how many the answer has."""

    job_id: str
    results: tuple[WorkflowResult, ...]
    total: int
