"""Load and health facts, each with what its receiver needs to judge its age."""

from __future__ import annotations

from .base import Message


class WorkerStatus(Message, frozen=True):
    """Worker to manager, no reply. Cores are facts of the worker, never inferred."""

    name: str
    instance: str
    sequence: int
    cores: int
    free_cores: int
    running: int
    queued: int
    cpu: float = 0.0
    memory: float = 0.0
    overload: str = "healthy"
    draining: bool = False


class Departure(Message, frozen=True):
    """A worker that is no more in the pool, and why; `died` unless it left by itself."""

    name: str
    reason: str
    seconds_ago: float
    died: bool = True
    dispatches: int = 0
    """What it had when it went."""


class ManagerStatus(Message, frozen=True):
    """Manager to gate, no reply: the datacenter as this manager sees it."""

    name: str
    datacenter: str
    address: str
    sequence: int
    workers: int
    healthy_workers: int
    cores: int
    free_cores: int
    queued: int
    jobs: int
    dispatch_rate: float = 0.0
    expected_wait_seconds: float = 0.0
    overload: str = "healthy"
    pressure: str = "none"
    draining: bool = False
    largest_worker: int = 0
    worker_facts: tuple[WorkerStatus, ...] = ()
    peers: tuple[tuple[str, str], ...] = ()
    """Name and address of the datacenter's other managers."""
    departures: tuple[Departure, ...] = ()
    """Workers that went lately, the newest last."""
    core_rate: float = 0.0
    """Cores given to work each second, lately."""


class RegisterGate(Message, frozen=True):
    """Gate to manager: send your status here."""

    name: str
    instance: str
    address: str


class ManagerRegistered(Message, frozen=True):
    """Manager to gate: its current status."""

    status: ManagerStatus


class ProbeDatacenter(Message, frozen=True):
    """Gate to a datacenter's leading manager: are you well?"""

    gate: str
    sequence: int


class DatacenterHealth(Message, frozen=True):
    """The answer to a probe."""

    datacenter: str
    sequence: int
    status: ManagerStatus
