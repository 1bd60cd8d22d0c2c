"""Gate to manager, manager to worker: getting work to where it runs."""

from __future__ import annotations

from .base import Message
from .job import Job, Workflow
from .results import WorkflowResult


class StartJob(Message, frozen=True):
    """Gate to manager: run these workflows of the job in your datacenter.

    `epoch` is the owner gate's fence token, `manager_epoch` this assignment's within the
    datacenter. `workflows` names the subset to run, empty meaning all. `inputs` are results
    already known (of other datacenters, or from before a takeover).
    `remaining_seconds` is what is left of the job's deadline. `attempts` counts those of each
    workflow that were used up before, under whatever manager: they are not given anew.
    `trace` is the `traceparent` of the job.
    """

    job_id: str
    epoch: int
    manager_epoch: int
    gate: str
    gate_address: str
    job: Job
    workflows: tuple[str, ...] = ()
    inputs: tuple[WorkflowResult, ...] = ()
    remaining_seconds: float | None = None
    attempts: dict[str, int] = {}
    trace: str = ""


class JobStarted(Message, frozen=True):
    """Manager to gate: taken. How long work waits there, its status says."""

    job_id: str


class ProvideInputs(Message, frozen=True):
    """Gate to manager: results of other datacenters that local workflows wait for."""

    job_id: str
    epoch: int
    inputs: tuple[WorkflowResult, ...]


class QueryJob(Message, frozen=True):
    """New owner gate to manager: what do you know of this job? Raises the fence."""

    job_id: str
    epoch: int
    gate: str
    gate_address: str


class JobReport(Message, frozen=True):
    """Manager to gate: running names, ended results not yet acknowledged."""

    job_id: str
    datacenter: str
    known: bool
    running: tuple[tuple[str, int], ...] = ()
    waiting: tuple[str, ...] = ()
    results: tuple[WorkflowResult, ...] = ()
    manager_epoch: int = 0
    """Of the appointment under which the manager has it."""


class DropJob(Message, frozen=True):
    """Gate to manager, manager to worker: the job has ended, forget it.

    With a `manager_epoch` it has not: others run it since that appointment, and only a manager
    that was not appointed again later forgets it.
    """

    job_id: str
    epoch: int
    manager_epoch: int = 0


class RunningWork(Message, frozen=True):
    """One attempt that a worker holds."""

    job_id: str
    epoch: int
    workflow: str
    attempt: int
    dispatch_id: str
    cores: int
    state: str


class RegisterWorker(Message, frozen=True):
    """Worker to manager: join the pool, with everything that runs here already."""

    name: str
    instance: str
    address: str
    cores: int
    memory_bytes: int
    running: tuple[RunningWork, ...] = ()
    draining: bool = False
    features: tuple[str, ...] = ()


class WorkerRegistered(Message, frozen=True):
    """Manager to worker: in the pool; the other managers of the datacenter are these."""

    manager: str
    managers: tuple[tuple[str, str], ...] = ()
    status_interval_seconds: float = 1.0


class RegisterAgain(Message, frozen=True):
    """Manager to worker, no reply: your status came, but you are not in the pool."""

    manager: str
    manager_address: str


class Assignment(Message, frozen=True):
    """One attempt of one workflow, bound to cores by its dispatch id.

    `references` names inputs too large to travel: values stored with the job, to be fetched.
    `trace` is the `traceparent` of the job in this datacenter.
    """

    job_id: str
    epoch: int
    dispatch_id: str
    attempt: int
    workflow: Workflow
    inputs: tuple[tuple[str, bytes], ...] = ()
    remaining_seconds: float | None = None
    references: tuple[tuple[str, str], ...] = ()
    trace: str = ""


class AssignWorkflows(Message, frozen=True):
    """Manager to worker: a batch of assignments."""

    manager: str
    manager_address: str
    batch: tuple[Assignment, ...]


class AssignmentsTaken(Message, frozen=True):
    """Worker to manager: dispatch ids taken, and those refused with a reason."""

    accepted: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()
    free_cores: int = 0


class ReportWork(Message, frozen=True):
    """Manager to worker on rebuild: all you hold for this job; raises the fence."""

    job_id: str
    epoch: int
    manager: str
    manager_address: str


class WorkReport(Message, frozen=True):
    """Worker to manager: running attempts and results not yet acknowledged."""

    job_id: str
    running: tuple[RunningWork, ...] = ()
    results: tuple[WorkflowResult, ...] = ()
