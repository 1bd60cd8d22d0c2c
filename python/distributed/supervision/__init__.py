"""The only place that makes tasks: one supervisor a node, one scope a job."""

from distributed.supervision.scope import JobScope
from distributed.supervision.supervisor import Policy, Supervisor, settle

__all__ = ["JobScope", "Policy", "Supervisor", "settle"]
