"""One order over everything that may command a job.

A job's owner gate has an epoch in the ledger; each appointment of a manager inside a
datacenter has its own count under it. Both travel to workers as one number, the gate's epoch
first, so that a worker needs one comparison and there is one fence domain.
"""

from __future__ import annotations

APPOINTMENT_BITS = 20


def fence(epoch: int, manager_epoch: int) -> int:
    """The fence token of a manager's commands.

    Raises:
        ValueError: an appointment count that does not fit under the epoch.
    """
    if not 0 <= manager_epoch < 1 << APPOINTMENT_BITS:
        raise ValueError(f"appointment {manager_epoch} is out of range")
    return (epoch << APPOINTMENT_BITS) | manager_epoch
