"""Who may send what: the roles from which each message is taken, whoever receives it.

A certificate names the role of its holder (`transport/tls.py`); this table says what that role
may cause. A message that is not in it is taken from anybody: replies, and looking at a node.
"""

from __future__ import annotations

from distributed.types import Role

from .admin import DrainNode, SetLimits, SetLogLevel
from .base import Message
from .cancel import CancelAttempts, CancelInDatacenter, CancelJob, ExtendTimeout
from .dispatch import (
    AssignWorkflows,
    DropJob,
    ProvideInputs,
    QueryJob,
    RegisterAgain,
    RegisterWorker,
    ReportWork,
    StartJob,
)
from .health import ManagerStatus, ProbeDatacenter, RegisterGate, WorkerStatus
from .progress import JobProgress, Pressure, WorkerLog, WorkerProgress
from .results import DatacenterFinished, DatacenterResults, ResultsRecorded, WorkerResults
from .submission import JobUpdates, SubmitJob
from .values import StorePart

_OF: dict[frozenset[Role], tuple[type[Message], ...]] = {
    frozenset({Role.CLIENT}): (SetLimits, SetLogLevel),
    frozenset({Role.CLIENT, Role.GATE}): (SubmitJob, CancelJob),
    frozenset({Role.CLIENT, Role.GATE, Role.MANAGER}): (DrainNode,),
    frozenset({Role.GATE}): (
        CancelInDatacenter,
        JobUpdates,
        ProbeDatacenter,
        ProvideInputs,
        QueryJob,
        RegisterGate,
        StartJob,
    ),
    frozenset({Role.GATE, Role.MANAGER}): (DropJob, Pressure, ResultsRecorded),
    frozenset({Role.MANAGER}): (
        AssignWorkflows,
        CancelAttempts,
        DatacenterFinished,
        DatacenterResults,
        JobProgress,
        ManagerStatus,
        RegisterAgain,
        ReportWork,
    ),
    frozenset({Role.MANAGER, Role.WORKER}): (ExtendTimeout, StorePart, WorkerLog),
    frozenset({Role.WORKER}): (RegisterWorker, WorkerProgress, WorkerResults, WorkerStatus),
}

SENDERS: dict[type[Message], frozenset[Role]] = {
    message: roles for roles, messages in _OF.items() for message in messages
}
"""Roles from which a message is taken, by its type."""
