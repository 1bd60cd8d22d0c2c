"""Whether a job's functions can be imported, asked where the job is written.

Importing runs module code, so this is the client's business and never a gate's.
"""

from __future__ import annotations

import importlib

from distributed.errors import JobRejected
from distributed.messages.job import Job


def check_importable(job: Job) -> None:
    """Import every workflow's function.

    Raises:
        JobRejected: code `not_importable`; names the workflow's `run` and the reason.
    """
    known: dict[str, str] = {}
    for index, workflow in enumerate(job.workflows):
        if not workflow.run:
            continue
        if workflow.run not in known:
            known[workflow.run] = _fault(workflow.run)
        if known[workflow.run]:
            raise JobRejected(
                "not_importable", known[workflow.run], field=f"workflows[{index}].run"
            )


def _fault(path: str) -> str:
    module_name, _, names = path.partition(":")
    try:
        found: object = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - a user's module may raise anything
        return f"{module_name!r} cannot be imported: {type(error).__name__}: {error}"
    for name in names.split("."):
        if not hasattr(found, name):
            return f"{module_name!r} has no {names!r}"
        found = getattr(found, name)
    return "" if callable(found) else f"{path!r} is not callable"
