"""What must survive: jobs, workflows, results, events, leases, behind one SQL implementation.

Here live tables, statements, group commit, leases and migrations. Not here: any decision
about a job. `docs/jobs.md` says what is durable when.
"""

from .engine import Engine, open_engine
from .interface import (
    Created,
    Event,
    JobRow,
    JobWrite,
    Lease,
    Ledger,
    NewJob,
    Orphan,
    Placed,
    ResultRow,
    StoredJob,
    ValuePart,
    WorkflowRow,
)
from .sql import SqlLedger

__all__ = [
    "Created",
    "Engine",
    "Event",
    "JobRow",
    "JobWrite",
    "Lease",
    "Ledger",
    "NewJob",
    "Orphan",
    "Placed",
    "ResultRow",
    "SqlLedger",
    "StoredJob",
    "ValuePart",
    "WorkflowRow",
    "open_engine",
]
