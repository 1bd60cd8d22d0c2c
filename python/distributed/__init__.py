"""Shoal: failure detection to trust, and a control plane for jobs across datacenters.

Names are imported when they are first used, so that a process that needs only
membership does not load the job plane.
"""

from distributed import _coexist

_coexist.check()

import warnings  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

from distributed import _native  # noqa: E402

if TYPE_CHECKING:
    from distributed.client import Client as Client
    from distributed.client import JobHandle as JobHandle
    from distributed.client import Outcome as Outcome
    from distributed.membership import Node as Node
    from distributed.messages.job import Job as Job
    from distributed.messages.job import Placement as Placement
    from distributed.messages.job import Workflow as Workflow

__version__ = _native.version()
__all__ = [
    "Client",
    "Job",
    "JobHandle",
    "Node",
    "Outcome",
    "Placement",
    "Workflow",
    "__version__",
]

_HOMES = {
    "Client": "distributed.client",
    "JobHandle": "distributed.client",
    "Outcome": "distributed.client",
    "Node": "distributed.membership",
    "Job": "distributed.messages.job",
    "Placement": "distributed.messages.job",
    "Workflow": "distributed.messages.job",
}

if _native.build_profile() == "debug":
    warnings.warn(
        "distributed._native is a debug build: measure nothing with it "
        "(build with `make build` or install a wheel)",
        RuntimeWarning,
        stacklevel=2,
    )


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
