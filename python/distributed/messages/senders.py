"""Who may send what, and for which datacenter it may speak.

A certificate names role and datacenter of its holder (`transport/tls.py`); these tables say what
they may cause, whoever receives it. A message that is in no list is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from distributed.types import Role

from .admin import DrainNode, ListMembers, SetLimits, SetLogLevel, ShowStatus
from .base import Gone, Message
from .cancel import CancelAttempts, CancelInDatacenter, CancelJob, ExtendTimeout
from .dispatch import (
    AssignWorkflows,
    DropJob,
    JobReport,
    ProvideInputs,
    QueryJob,
    RegisterAgain,
    RegisterWorker,
    ReportWork,
    StartJob,
)
from .health import (
    DatacenterHealth,
    ManagerRegistered,
    ManagerStatus,
    ProbeDatacenter,
    RegisterGate,
    WorkerStatus,
)
from .progress import JobProgress, Pressure, WorkerLog, WorkerProgress
from .results import DatacenterFinished, DatacenterResults, ResultsRecorded, WorkerResults
from .submission import (
    ExplainJob,
    FetchLogs,
    FetchResult,
    JobHistory,
    JobResult,
    JobUpdates,
    ListJobs,
    PlanJob,
    ShowJob,
    SubmitJob,
    UnwatchJob,
    WatchJob,
)
from .values import FetchPart, FetchResults, StorePart

LOOKING: frozenset[type[Message]] = frozenset(
    {
        ExplainJob,
        FetchLogs,
        FetchPart,
        FetchResult,
        FetchResults,
        JobHistory,
        ListJobs,
        ListMembers,
        PlanJob,
        ShowJob,
        ShowStatus,
        UnwatchJob,
        WatchJob,
    }
)
"""What anybody may ask: it changes nothing."""

_OF: dict[frozenset[Role], tuple[type[Message], ...]] = {
    frozenset({Role.CLIENT}): (SetLimits, SetLogLevel),
    frozenset({Role.CLIENT, Role.GATE}): (SubmitJob, CancelJob),
    frozenset({Role.CLIENT, Role.GATE, Role.MANAGER}): (DrainNode,),
    frozenset({Role.GATE}): (
        CancelInDatacenter,
        Gone,
        JobResult,
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
    **{message: roles for roles, messages in _OF.items() for message in messages},
    **dict.fromkeys(LOOKING, frozenset(Role)),
}
"""Roles from which a message is taken, by its type."""

SPEAKS_FOR: dict[type[Message], Callable[[Message], str]] = {
    DatacenterFinished: attrgetter("datacenter"),
    DatacenterHealth: attrgetter("status.datacenter"),
    DatacenterResults: attrgetter("datacenter"),
    JobProgress: attrgetter("datacenter"),
    JobReport: attrgetter("datacenter"),
    ManagerRegistered: attrgetter("status.datacenter"),
    ManagerStatus: attrgetter("datacenter"),
    StorePart: attrgetter("datacenter"),
}
"""Requests and replies that say how a datacenter stands: which one. It must be the sender's."""

INSIDE = frozenset({Role.MANAGER, Role.WORKER})
"""Roles that cause nothing at one another across the border of a datacenter."""
